"""Lines of a text within a number of terminal columns, for Japanese too.

Where every character is one column wide, lines break at spaces. A text with wide characters breaks
between any two of them as well, except that no line begins or ends with what must not stand there
(JIS X 4051, line-head and line-end prohibition).
"""

import re
import textwrap
from collections.abc import Iterator

from cli.output import columns_of

_NOT_FIRST = "、。，．・：；？！）」』】〕〉》ー々ぁぃぅぇぉっゃゅょァィゥェォッャュョ～,.:;?!)]}%"
_NOT_LAST = "（「『【〔〈《([{"
_UNIT = re.compile(r"[\u1100-\uffff]|[^\u1100-\uffff]+")


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """The lines, the first one behind ``first`` and the others behind ``rest``.

    What has no place to break at stands in a line of its own, however long.
    """
    if columns_of(text) == len(text):
        return textwrap.wrap(
            text,
            width,
            initial_indent=first,
            subsequent_indent=rest,
            break_on_hyphens=False,
            break_long_words=False,
        )
    lines, line, start = [], "", first
    for space, piece in _pieces(text):
        if line and columns_of(start + line + space + piece) > width:
            lines.append(start + line)
            line, start = piece, rest
        else:
            line += (space if line else "") + piece
    return [*lines, start + line]


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """What must stay together, each with the space before it."""
    for word in text.split():
        space, piece = " ", ""
        for unit in _UNIT.findall(word):
            if piece and unit[0] not in _NOT_FIRST and piece[-1] not in _NOT_LAST:
                yield space, piece
                space, piece = "", ""
            piece += unit
        yield space, piece
