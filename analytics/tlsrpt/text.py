"""Text from outside, as it may be kept: no half of a surrogate pair, and not too long."""

import re

_FOREIGN = re.compile("[\ud800-\udfff]")


def clean(text: str, most: int) -> str:
    """The text with U+FFFD for what UTF-8 cannot have, cut to ``most`` characters."""
    return _FOREIGN.sub("\ufffd", text[:most])
