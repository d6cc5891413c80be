"""Every language has every message, with the same variables."""

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from analytics.texts.arrivals import ARRIVALS, NEXT
from analytics.texts.catalogue import LANGUAGES, Language, Texts, sources, texts
from analytics.texts.registers import english


class _Variables(Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()
        self.messages: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 the name that fluent.syntax calls
        self.found.add(node.id.name)

    def visit_MessageReference(self, node: ast.MessageReference) -> None:  # noqa: N802 as above
        self.messages.add(node.id.name)


def messages(language: Language) -> dict[str, dict[str, frozenset[str]]]:
    """By subject, each message's variables; a file with a fault fails here."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    repeats: dict[str, set[str]] = {}  # messages that stand within another
    for subject, source in sources(language).items():
        found[subject] = {}
        for entry in FluentParser().parse(source).body:
            assert not isinstance(entry, ast.Junk), f"{language}/{subject}.ftl: {entry.content}"
            if isinstance(entry, ast.Message):
                assert entry.id.name not in found[subject], f"{entry.id.name} stands there twice"
                assert entry.id.name.startswith(f"{subject}-"), f"{entry.id.name} in {subject}.ftl"
                variables = _Variables()
                variables.visit(entry)
                found[subject][entry.id.name] = frozenset(variables.found)
                repeats[entry.id.name] = variables.messages
    direct = {key: names for of_subject in found.values() for key, names in of_subject.items()}
    for of_subject in found.values():
        for key in of_subject:
            of_subject[key] = direct[key].union(*(direct[one] for one in repeats[key]))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_the_messages_of_the_first(language: Language) -> None:
    """Those that English has in a register of codes too, in a file of the same subject."""
    first = messages(LANGUAGES[0])
    registered: dict[str, dict[str, frozenset[str]]] = {
        subject: dict.fromkeys(keys, frozenset()) for subject, keys in english().items()
    }
    told = messages(language)
    assert not first.keys() & {*registered, "arrivals"}
    if language != LANGUAGES[0]:
        found = told.pop("arrivals")  # English is that of a view
        steps = {f"arrivals-next-{step}" for step in NEXT}
        assert found.keys() == {f"arrivals-{arrival}" for arrival in (*ARRIVALS, "since")} | steps
        first |= registered
    assert told == first


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_can_be_said(language: Language) -> None:
    known = texts(language)
    for of_subject in messages(language).values():
        for key, variables in of_subject.items():
            for count in (0, 1, 2, 1234):
                assert known.say(key, dict.fromkeys(variables, count)).strip()


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [("en", 1, "1 day"), ("en", 1234, "1,234 days"), ("ja", 1, "1 日"), ("ja", 1234, "1,234 日")],
)
def test_numbers_are_written_as_the_language_does(
    language: Language, count: int, said: str
) -> None:
    assert texts(language).say("words-days", {"count": count}) == said


def test_what_is_filled_in_stays_as_it_is() -> None:
    told = Texts("en", {"x": "x = { $name }!"})
    assert told.say("x", {"name": "{ words-days } \u202e<b>"}) == "{ words-days } \u202e<b>!"


@pytest.mark.parametrize(
    ("key", "values", "told"),
    [
        ("no-such", {}, "texts en: expected a message no-such, found none"),
        ("words-days", {}, "texts en: words-days: Unknown external: count"),
    ],
)
def test_a_message_or_a_variable_that_is_missing(
    key: str, values: dict[str, int], told: str
) -> None:
    with pytest.raises(LookupError, match="^" + told) as raised:
        texts().say(key, values)
    assert str(raised.value) == told


def test_what_is_longer_than_a_page_is_cut() -> None:
    said = Texts("en", {"x": "x = { $name }!"}).say("x", {"name": "y" * 3_000})
    assert said == "y" * 1_999 + "…!"
