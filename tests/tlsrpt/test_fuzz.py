"""A short run of the fuzzer; make fuzz is the long one."""

from hypothesis import given, settings

from analytics.tlsrpt.hints import Context
from tests.tlsrpt import fuzz


def test_all_samples_hold() -> None:
    assert sum(len(fuzz.read(data)) for data in fuzz.samples()) > 40


@settings(max_examples=400)
@given(fuzz.WRAPPED)
def test_bent_samples(data: bytes) -> None:
    fuzz.bent(data)


@settings(max_examples=400)
@given(fuzz.CHANGED, fuzz.CONTEXTS)
def test_changed_reports(data: bytes, context: Context) -> None:
    fuzz.changed(data, context)
