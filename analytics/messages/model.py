"""A message, the channel that it goes out by, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Fate(StrEnum):
    """What became of a try to send."""

    SENT = "sent"  # the receiver says that it has it
    UNSENT = "unsent"  # the receiver certainly has it not
    UNKNOWN = "unknown"  # it was handed over, and no answer came


@dataclass(frozen=True, slots=True)
class Told:
    """How a try ended, and why; ``wait_s`` is how long the receiver asks to be left alone."""

    fate: Fate
    reason: str = ""
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent. ``message_id`` is the same in each try, so that a receiver can tell a double.

    ``text`` is plain, of short lines; ``html`` is for mail alone; ``data`` for webhooks alone.
    """

    message_id: str
    subject: str
    text: str
    html: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


class Channel(Protocol):
    """A way out, to one receiver."""

    @property
    def name(self) -> str:
        """What it is known by in the warehouse and on the screen; it holds no secret."""
        ...

    def send(self, message: Message, at: datetime) -> Told:
        """Try once, within a deadline. Whatever the receiver does is told, and not raised."""
        ...
