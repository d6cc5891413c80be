"""Which real readers of policies refuse what, and how long they wait.

Each of them was run on each case, in November 2026, with real DNS and HTTPS where that matters;
"read" stands where it was read in the source instead. The numbers are those of our cases: P for
a policy text, T for a record (which only RECORD_READERS were given), M for an mx pattern and a
host, F for a fetch.
"""

READERS = {
    "mailauth-strict": "mailauth 7.1.0 strict",
    "mox": "mox 1c95876",
    "checkdmarc": "checkdmarc 6.0.4",
    "tlspol": "postfix-tlspol ffe1e2d",
    "mailauth-lax": "mailauth 7.1.0 lax",
    "pmsr": "postfix-mta-sts-resolver 1.5.1",
    "go-mtasts": "go-mtasts 1438da2",
    "kumomta": "KumoMTA 7bd6f3a",
    "stalwart": "Stalwart 3581255",
    "chasquid": "chasquid ca2538b",
    "smtp-sts": "smtp-sts 1394ae6",
    "mailauth-4": "mailauth 4.13.3",
    "edc": "email-domain-check 2.0.5",
}

RECORD_READERS = (
    "mailauth-strict", "mox", "checkdmarc", "tlspol", "mailauth-lax", "pmsr", "go-mtasts",
    "chasquid", "mailauth-4",
)  # fmt: skip

# Whose fetching was measured, or read at all.
FETCHERS = (*RECORD_READERS, "kumomta", "stalwart")
OTHERS = {
    "smtp-check": "chasquid smtp-check 1.11",  # the checker; the server itself waits a minute
    "mimecast": "mimecast/mta-sts 518d7a6",
    "halon": "halon-extras/mta-sts b2f048b",
}

# Seconds after which a reader gives up; the shortest first. Measured with an answer after 8 s,
# but for those marked read. checkdmarc's limit is for the first byte, the others' for all of it.
PATIENCE: tuple[tuple[float, str], ...] = (
    (2.0, "checkdmarc"),
    (2.0, "tlspol"),
    (4.0, "pmsr"),
    (5.0, "smtp-check"),
    (5.0, "halon"),  # read
    (15.0, "mailauth-4"),  # read
    (20.0, "kumomta"),  # read
)
FIRST_BYTE_COUNTS = ("checkdmarc",)

# Of a field that stands twice these take the last one (P18, P19), against RFC 8461, 3.2.
LAST_COUNTS = ("pmsr", "go-mtasts", "stalwart", "chasquid", "smtp-sts", "mailauth-4", "edc")

_STRICT = "mailauth-strict mox checkdmarc tlspol"
_EVERY_RECORD_READER = " ".join(RECORD_READERS)
_EVERY_FETCHER = " ".join(FETCHERS)

# The code of the fault and its form where forms differ; the cases; who refuses all of them.
REFUSALS: dict[tuple[str, str], tuple[str, str]] = {
    ("policy-empty", ""): ("P70", "all but smtp-sts"),
    ("policy-too-large", ""): ("F 70 KB", "mailauth-strict mox tlspol mailauth-lax pmsr"),
    ("policy-long", ""): ("P73", "chasquid"),
    ("policy-bom", ""): ("P09", "all but mailauth-lax stalwart mailauth-4 edc"),
    ("policy-not-utf8", ""): ("P75", "tlspol pmsr stalwart smtp-sts"),
    ("policy-not-utf8", "utf-16"): ("P10", "all but"),
    ("policy-blank-line", ""): ("P06 P07 P08", "mox tlspol go-mtasts"),
    ("policy-bare-cr", ""): ("P03", "all but pmsr"),
    ("policy-control-character", ""): ("P69", "mox checkdmarc tlspol smtp-sts"),
    ("policy-comment", ""): ("P67", "mox checkdmarc tlspol go-mtasts kumomta smtp-sts"),
    ("line-malformed", "every-line"): ("P68 P71", "all but"),
    ("field-name-blank", ""): ("P13 P14", f"{_STRICT} pmsr go-mtasts"),
    ("field-value-empty", ""): ("P22", "mox checkdmarc tlspol smtp-sts"),
    ("field-duplicate", ""): ("P18 P19 P20", "kumomta"),
    ("field-unknown", ""): ("P21 P74", "smtp-sts"),
    ("field-misspelt", ""): ("P21 P74", "smtp-sts"),
    ("version-missing", ""): ("P23", "all but stalwart smtp-sts"),
    ("version-missing", "other-case"): ("P27", "all but mailauth-lax stalwart mailauth-4 edc"),
    ("version-invalid", ""): ("P25", "all but edc"),
    ("version-invalid", "other-case"): ("P26", "all but stalwart edc"),
    ("mode-missing", ""): ("P28", "all but stalwart smtp-sts mailauth-4"),
    ("mode-missing", "other-case"): (
        "P27 P28",
        "all but mailauth-lax stalwart smtp-sts mailauth-4 edc",
    ),
    ("mode-invalid", ""): ("P31", "all but"),
    ("mode-invalid", "other-case"): ("P30", "all but mailauth-lax mailauth-4"),
    ("max-age-missing", ""): ("P29", "all but stalwart smtp-sts"),
    ("max-age-missing", "other-case"): (
        "P27 P29",
        "all but mailauth-lax stalwart smtp-sts mailauth-4 edc",
    ),
    ("max-age-invalid", ""): (
        "P40 P43 P44 P45 P49",
        "all but mailauth-lax stalwart mailauth-4 edc",
    ),
    ("max-age-invalid", "minus"): ("P39", "all but go-mtasts stalwart smtp-sts edc"),
    ("max-age-invalid", "plus"): ("P42", _STRICT),
    ("max-age-invalid", "long"): ("P46", _STRICT),
    ("max-age-invalid", "underscore"): ("P48", "all but pmsr stalwart edc"),
    ("max-age-out-of-range", ""): (
        "P38 P47",
        "mailauth-strict checkdmarc mailauth-lax pmsr chasquid mailauth-4",
    ),
    ("max-age-zero", ""): ("P36", "chasquid smtp-sts"),
    ("mx-missing", ""): ("P34 P35", "all but smtp-sts edc"),
    ("mx-missing", "other-case"): ("P76", "all but mailauth-lax mailauth-4 edc"),
    ("mx-missing-in-none", ""): ("P32", "stalwart chasquid"),
    ("mx-empty", ""): ("P55", f"{_STRICT} stalwart smtp-sts"),
    ("mx-list", ""): ("P64 P65", f"{_STRICT} smtp-sts"),
    ("mx-not-ascii", ""): ("P58", f"{_STRICT} smtp-sts"),
    ("mx-address-literal", ""): ("P62 P63", f"{_STRICT} smtp-sts"),
    ("mx-ipv4-address", ""): ("P61", "mox tlspol"),
    ("mx-wildcard-invalid", ""): ("P51 P52 P53 P54", f"{_STRICT} smtp-sts"),
    ("mx-final-dot", ""): ("P57", "mailauth-strict mox checkdmarc smtp-sts"),
    ("mx-underscore", ""): ("P60", f"{_STRICT} smtp-sts"),
    ("mx-upper-case", ""): ("M03 M11", "smtp-sts edc"),
    ("adopted-id-invalid", ""): ("T08 T10", _STRICT),
    # records
    ("record-version-invalid", "other-case"): ("T05 T06", f"{_STRICT} pmsr go-mtasts chasquid"),
    ("record-version-invalid", "not-first"): (
        "T07",
        f"{_STRICT} mailauth-lax pmsr chasquid mailauth-4",
    ),
    ("record-version-invalid", "leading-blank"): (
        "T12",
        "mailauth-strict mox tlspol pmsr chasquid",
    ),
    ("record-version-invalid", "quotes"): (
        "T20",
        "mailauth-strict mox tlspol mailauth-lax pmsr go-mtasts chasquid mailauth-4",
    ),
    ("record-version-invalid", "other-version"): ("T19 T21", _EVERY_RECORD_READER),
    ("record-blank-before-semicolon", ""): ("T04", "chasquid"),
    ("record-id-missing", ""): (
        "T11",
        f"{_STRICT} mailauth-lax pmsr go-mtasts mailauth-4",
    ),
    ("record-id-missing", "other-case"): ("T15", f"{_STRICT} pmsr go-mtasts"),
    ("record-id-invalid", ""): ("T08 T10", _STRICT),
    ("record-id-invalid", "empty"): ("T22", f"{_STRICT} mailauth-lax go-mtasts mailauth-4"),
    ("record-id-duplicate", ""): ("T18", "mox"),
    ("record-field-malformed", "empty-field"): ("T14", _STRICT),
    ("record-field-malformed", "blank-round-equals"): ("T16", f"{_STRICT} pmsr go-mtasts"),
    ("record-id-invalid", "trailing-blank"): ("T23", "mailauth-strict mox tlspol"),
    ("record-field-malformed", "blank-in-value"): ("T24", f"{_STRICT} go-mtasts"),
    # fetching
    ("policy-redirected", ""): ("F redirect", _EVERY_FETCHER),
    ("policy-status-invalid", ""): (
        "F status, read",
        " ".join(name for name in FETCHERS if name != "stalwart"),
    ),
    ("policy-status-invalid", "2xx"): (
        "F 203",
        f"{_STRICT} pmsr go-mtasts chasquid kumomta",
    ),
    ("sts-webpki-invalid", ""): ("F certificate", _EVERY_FETCHER),
    ("media-type-missing", ""): (
        "F no type",
        "mailauth-strict tlspol pmsr go-mtasts chasquid kumomta",
    ),
    ("media-type-invalid", ""): (
        "F text/html",
        "mailauth-strict tlspol pmsr go-mtasts chasquid kumomta",
    ),
    ("content-encoding-unasked", ""): ("F gzip", "mailauth-strict mailauth-lax mailauth-4"),
    ("tls-1-2-missing", ""): ("read", "mimecast"),
}


_NAMES = {**READERS, **OTHERS}


def refused_by(code: str, form: str = "") -> tuple[str, ...]:
    """The readers known to refuse this, each as ``name version``; none where it was not measured.

    A form that was not measured by itself is given what the code has in common.
    """
    _cases, said = REFUSALS.get((code, form)) or REFUSALS.get((code, ""), ("", ""))
    _all, but, excepted = said.partition("all but")
    if but:
        names = [name for name in READERS if name not in excepted.split()]
    else:
        names = [name for name in _NAMES if name in said.split()]
    return tuple(_NAMES[name] for name in names)


def readers_of(code: str) -> tuple[str, ...]:
    """All readers that were given the cases of a fault, each as ``name version``."""
    cases = next(
        (cases for (known, _form), (cases, _said) in REFUSALS.items() if known == code), ""
    )
    names = {"P": tuple(READERS), "M": tuple(READERS), "T": RECORD_READERS, "F": FETCHERS}
    return tuple(READERS[name] for name in names.get(cases[:1], ()))


def impatient(first_byte_s: float, whole_s: float) -> tuple[tuple[float, str], ...]:
    """The limit and ``name version`` of those who give up on an answer that takes so long."""
    return tuple(
        (limit, _NAMES[name])
        for limit, name in PATIENCE
        if (first_byte_s if name in FIRST_BYTE_COUNTS else whole_s) > limit
    )


def last_counts() -> tuple[str, ...]:
    """The readers that take the last of a field that stands twice."""
    return tuple(READERS[name] for name in LAST_COUNTS)
