"""Presets: whose hosts these are, what stands in for them, and when nothing does."""

import pytest

from policy import presets
from policy.model import MxPattern
from policy.presets import PresetError


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ("smtp.google.com", "google-workspace"),
        ("aspmx.l.google.com", "google-workspace-legacy"),
        ("alt4.aspmx.l.google.com", "google-workspace-legacy"),
        ("aspmx2.googlemail.com", "google-workspace-legacy"),
        ("example-com.mail.protection.outlook.com", "microsoft-365"),
        ("example-com.a-v1.mx.microsoft", "microsoft-365-mx-microsoft"),
        ("route2.mx.cloudflare.net", "cloudflare-email-routing"),
        ("in1-smtp.messagingengine.com", "fastmail"),
        ("mx01.mail.icloud.com", "icloud-mail"),
        ("mailsec.protonmail.ch", "proton-mail"),
        ("eu-smtp-inbound-1.mimecast.com", "mimecast"),
        ("mx0a-00000000.pphosted.com", "proofpoint"),
        ("mail.example.com", None),
        ("xsmtp.google.com", None),
        ("smtp.google.com.example.com", None),
        ("google.com", None),
    ],
)
def test_a_host_is_recognised_by_its_whole_labels(host: str, slug: str | None) -> None:
    found = presets.owner(host)
    assert (found.slug if found else None) == slug


def test_google_has_two_generations_that_do_not_cover_each_other() -> None:
    new = presets.patterns("google-workspace")
    old = presets.patterns("google-workspace-legacy")
    assert [str(pattern) for pattern in new] == ["smtp.google.com"]
    assert [str(pattern) for pattern in old] == [
        "aspmx.l.google.com",
        "alt1.aspmx.l.google.com",
        "alt2.aspmx.l.google.com",
        "alt3.aspmx.l.google.com",
        "alt4.aspmx.l.google.com",
    ]
    assert not any(pattern.matches("smtp.google.com") for pattern in old)


def test_the_wildcard_of_microsoft_covers_a_host_of_the_first_form_only() -> None:
    (pattern,) = presets.patterns("microsoft-365")
    assert pattern.matches("example-com.mail.protection.outlook.com")
    assert not pattern.matches("example-com.a-v1.mx.microsoft")
    assert not MxPattern("*.mx.microsoft").matches("example-com.a-v1.mx.microsoft")


@pytest.mark.parametrize("slug", ["microsoft-365-mx-microsoft", "mimecast", "proofpoint"])
def test_where_each_customer_has_a_host_the_preset_refuses_to_guess(slug: str) -> None:
    with pytest.raises(PresetError) as caught:
        presets.patterns(slug)
    assert str(caught.value).startswith(f"{slug} cannot know your MX host: ")
    assert "then: mta-sts init DOMAIN --mx HOST" in str(caught.value)


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(PresetError) as caught:
        presets.patterns("hotmail")
    assert str(caught.value).startswith("expected one of google-workspace, ")
    assert str(caught.value).endswith("found 'hotmail'")


@pytest.mark.parametrize("preset", presets.PRESETS, ids=presets.SLUGS)
def test_a_preset_owns_what_it_lists_and_only_one_does(preset: presets.Preset) -> None:
    for text in preset.mx:
        host = text.replace("*.", "example-com.")
        assert [known.slug for known in presets.PRESETS if known.owns(host)] == [preset.slug]
    assert bool(preset.mx) != bool(preset.look_up)


def test_two_generations_at_once_are_told() -> None:
    said = presets.notes(["smtp.google.com", "aspmx.l.google.com"])
    assert "Both generations of Google's hosts are there" in said[-1]
    said = presets.notes(["a.mail.protection.outlook.com", "a.b.mx.microsoft"])
    assert "Both of Microsoft's forms are there" in said[-1]


def test_a_stranger_beside_a_provider_is_told_but_alone_is_not() -> None:
    assert presets.notes(["mail.example.com"]) == ()
    assert presets.notes(["smtp.google.com", "mail.example.com"])[-1] == (
        "Of no provider known here: mail.example.com."
    )
