"""Names that Google Cloud takes, and those that are refused before anything is called."""

from collections.abc import Callable

import pytest

from analytics.deploy import names
from analytics.deploy.names import NameRefusedError

GOOD = [
    (names.project, "my-project-1"),
    (names.project, "example.com:my-project"),
    (names.region, "europe-west1"),
    (names.region, "northamerica-northeast2"),
    (names.region, "europe-west12"),
    (names.location, "EU"),
    (names.service, "mta-sts"),
    (names.service, "m"),
    (names.sink, "mta-sts_Sink.1"),
    (names.account, "mta-sts-build"),
]


@pytest.mark.parametrize(("rule", "text"), GOOD)
def test_name_is_taken_as_it_is(rule: Callable[[str], str], text: str) -> None:
    assert rule(text) == text


BAD = [
    (names.project, "", "project: expected a project id such as my-project-1, found ''"),
    (names.project, "p", "project: expected a project id such as my-project-1, found 'p'"),
    (names.project, "../x", "project: expected a project id such as my-project-1, found '../x'"),
    (names.project, "a;b-cdef", "project: expected a project id such as my-project-1, found 'a;b-cdef'"),
    (names.project, "my-project\n", r"project: expected a project id such as my-project-1, found 'my-project\n'"),
    (names.project, "My-Project", "project: expected a project id such as my-project-1, found 'My-Project'"),
    (names.project, "my-project-", "project: expected a project id such as my-project-1, found 'my-project-'"),
    (names.project, "p`; DROP", "project: expected a project id such as my-project-1, found 'p`; DROP'"),
    (names.region, "europe", "region: expected a region such as europe-west1, found 'europe'"),
    (names.region, 'x-y1" OR "', "region: expected a region such as europe-west1, found 'x-y1\" OR \"'"),
    (names.location, "EUROPE", "location: expected a region such as europe-west1, EU or US, found 'EUROPE'"),
    (names.service, "mta_sts", "service: expected a name such as mta-sts, found 'mta_sts'"),
    (names.service, "a" * 50, f"service: expected a name such as mta-sts, found {'a' * 50!r}"),
    (names.sink, "a/b", "sink: expected a name such as mta-sts, found 'a/b'"),
    (names.account, "short", "service account: expected a name such as mta-sts-build, found 'short'"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "message"), BAD)
def test_another_name_is_refused(rule: Callable[[str], str], text: str, message: str) -> None:
    with pytest.raises(NameRefusedError) as caught:
        rule(text)
    assert str(caught.value) == message
    assert caught.value.exit_status == 2


def test_location_of_several_regions_is_spelt_as_bigquery_does() -> None:
    assert names.location("eu") == "EU"
