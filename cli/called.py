"""How this command can be typed here again."""

import sys
from pathlib import Path

from cli.showing import short


def called_as() -> str:
    """The command as it was called: by its name, or by its path where that was given."""
    called = Path(sys.argv[0])
    return short(called.absolute()) if called.parent != Path() else called.name
