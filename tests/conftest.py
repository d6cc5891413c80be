"""What all tests share."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# a shell ignores it for its jobs in the background, and children inherit that
signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run and on every machine, however slow it is.
settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fixed")


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """The address of a BigQuery emulator; a test without one skips and says why."""
    from tests.emulator import emulator, missing  # slow to import

    if reason := missing():
        pytest.skip(reason)
    with emulator() as address:
        yield address


_SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of measured facts that may stand beside the checkout.

    A test that needs it is skipped without it: the project stands alone.
    """
    if not _SHARED.is_dir():
        pytest.skip(f"needs {_SHARED}, the measured cases, which are no part of the project")
    return _SHARED
