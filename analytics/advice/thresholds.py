"""The bars of the advice, each with where it comes from; the one place that has them.

The RFCs give none of these numbers but the lengths of max_age: where it says "ours", it is a choice.
"""

from dataclasses import dataclass

from analytics.advice.model import Thresholds

DAY = 86_400  # seconds

# Ours: two weeks hold two of every weekday, and most senders' certificates and routes. Strict: 30.
DAYS = 14
# Ours: with none failed of 100, under 3 % fail at 95 % confidence (the rule of three).
SESSIONS = 100
# Ours: one sender's view may be its own path's.
REPORTERS = 2
# Ours: a failure of the last week counts as going on.
RECENT_DAYS = 7
# Most reports of a day come within two days (RFC 8460, 4.1 lets senders spread them over the
# day after; some were seen weeks late), so the last two are not complete.
LATE_DAYS = 2
# ACME clients renew 30 days before the end (Let's Encrypt's advice): at 14 it has failed for weeks.
CERTIFICATE_DAYS = 14
# Ours: what was seen longer ago says little about today.
CHECK_DAYS = 7
# Ours: most large senders report daily; a week without any is no quiet day.
SILENCE_DAYS = 7
# How far back reports are looked at: twice the strict bar, so that it can be met with gaps.
WINDOW_DAYS = 60

DEFAULT = Thresholds(
    DAYS, SESSIONS, REPORTERS, RECENT_DAYS, LATE_DAYS, CERTIFICATE_DAYS, CHECK_DAYS, SILENCE_DAYS
)


@dataclass(frozen=True, slots=True)
class Rung:
    """A max_age of the ramp in enforce, and the days to hold it before the next one."""

    max_age: int
    hold_days: int

    @property
    def days(self) -> int:
        """The max_age in days."""
        return self.max_age // DAY


# RFC 8461, 3.2: "weeks or greater"; 10.2: a short one protects less. It goes up in steps, so that
# at first a mistake is forgotten within a day. The waits are ours: a week of reports for a day's
# max_age, then the length of the text itself twice.
RAMP = (Rung(DAY, 7), Rung(7 * DAY, 14), Rung(14 * DAY, 0))
