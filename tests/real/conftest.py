"""One lab for all tests with real mail software; each test has domains of its own."""

from collections.abc import Iterator

import pytest

from tests.lab import Lab, missing


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The lab; without root or its programs, the tests skip and say what is absent."""
    if reason := missing():
        pytest.skip(reason)
    with Lab() as built:
        yield built
