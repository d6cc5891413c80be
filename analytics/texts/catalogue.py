"""Texts by language, from the ``.ftl`` files beside this module.

Each language has a folder, each subject a file, and every language the same messages with the
same variables; ``tests/analytics/texts`` holds them to it.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

from fluent.runtime import FluentBundle, FluentResource

Language = Literal["en", "ja"]
Value = str | int | float

LANGUAGES: Final[tuple[Language, ...]] = ("en", "ja")

# fluent.runtime 0.4 refuses a part of more than 2,500 characters, so as not to be flooded
_LONGEST = 2_000

_FOLDER = Path(__file__).parent


class Texts:
    """The messages of one language.

    Numbers are written as the language writes them; dates and times are given as text. What is
    filled in is not escaped: that is for the place where the text is shown. What is longer than
    2,000 characters is cut, with "…".
    """

    def __init__(self, language: Language, sources: Mapping[str, str]) -> None:
        self.language: Final[Language] = language
        # no isolation marks: a terminal shows them, and none of these languages is written from the right
        self._bundle = FluentBundle([language], use_isolating=False)
        for source in sources.values():
            self._bundle.add_resource(FluentResource(source))

    def has(self, key: str) -> bool:
        """Whether there is such a message."""
        return self._bundle.has_message(key)

    def say(self, key: str, values: Mapping[str, Value] | None = None) -> str:
        """The message with its variables filled in.

        Raises:
            LookupError: there is no such message, or a variable of it is not given.
        """
        if not self._bundle.has_message(key):
            raise LookupError(f"texts {self.language}: expected a message {key}, found none")
        pattern = self._bundle.get_message(key).value
        if pattern is None:
            raise LookupError(f"texts {self.language}: expected a value of {key}, found none")
        given = {name: _cut(value) for name, value in (values or {}).items()}
        said, errors = self._bundle.format_pattern(pattern, given)
        if errors:
            raise LookupError(f"texts {self.language}: {key}: {errors[0]}")
        return str(said)


def _cut(value: Value) -> Value:
    if isinstance(value, str) and len(value) > _LONGEST:
        return value[: _LONGEST - 1] + "…"
    return value


@cache
def texts(language: Language = "en") -> Texts:
    """The texts of a language, read once."""
    return Texts(language, sources(language))


def sources(language: Language) -> dict[str, str]:
    """The catalogue's files by subject, as they stand."""
    folder = _FOLDER / language
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.ftl"))}
