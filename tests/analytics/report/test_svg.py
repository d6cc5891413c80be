"""What is kept of a drawing: that which draws, and nothing that acts or loads."""

import pytest

from analytics.report import svg

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="9" height="9">'


def fit(inside: str, opening: str = OPEN) -> str:
    return svg.fit(f"{opening}{inside}</svg>", "k", "Title & more", "<b>")


def test_a_drawing_is_an_image_with_a_name_and_a_description() -> None:
    assert fit('<path d="M0,0h5v5Z" fill="#0072B2"/>') == (
        '<svg viewBox="0 0 9 9" width="9" height="9" role="img" aria-labelledby="k-title k-desc" '
        'focusable="false"><title id="k-title">Title &amp; more</title>'
        '<desc id="k-desc">&lt;b&gt;</desc>'
        '<path d="M0,0h5v5Z" fill="#0072B2" class="blue-fill" /></svg>'
    )


@pytest.mark.parametrize(
    "inside",
    [
        "<script>hit()</script>",
        '<a href="javascript:hit()"><path d="M0,0h5"/></a>',
        '<image href="https://example.com/x.png"/>',
        '<use href="#x"/>',
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>',
        "<style>*{fill:red}</style>",
        '<animate attributeName="href" to="x"/>',
        '<g display="none"><path d="M0,0h5"/></g>',
        '<path d="M0,0h0v0h0Z" fill="none"/>',
        "<g><g/></g>",
    ],
)
def test_what_does_not_draw_is_left_out(inside: str) -> None:
    assert fit(inside) == fit("")


@pytest.mark.parametrize(
    "attribute",
    [
        'onload="hit()"', 'style="fill:red"', 'class="x"', 'id="x"', 'fill="url(#x)"',
        'fill="url(https://example.com/)"', 'transform="&quot;"', 'aria-label="x"', 'role="x"',
        'opacity="1"', 'xmlns:x="y" x:href="javascript:hit()"',
    ],
)  # fmt: skip
def test_an_attribute_that_does_not_draw_is_left_out(attribute: str) -> None:
    assert fit(f'<path d="M0,0h5" {attribute}/>') == fit('<path d="M0,0h5"/>')


def test_a_label_stays_text() -> None:
    text = "&lt;script&gt;hit()&lt;/script&gt;"
    assert f"<text>{text}</text>" in fit(f"<text>{text}</text>")
    assert "<text>ab</text>" not in fit("<text>a<b>b</b></text>")


def test_ink_is_that_of_the_text_around_and_lines_are_faint() -> None:
    told = fit(f'<line x2="5" stroke="{svg.LINE}"/><text fill="{svg.INK}">1</text>')
    assert '<line x2="5" stroke-opacity="0.22" stroke="currentColor" />' in told
    assert '<text fill="currentColor">1</text>' in told


def test_numbers_are_no_longer_than_they_need_be() -> None:
    told = fit('<path d="M1.23456,0h5" transform="translate(462.00000000000006,20)"/>')
    assert 'd="M1.23,0h5" transform="translate(462.00,20)"' in told


@pytest.mark.parametrize("drawn", ["", "no svg", "<svg>", "<html/>", f"{OPEN}&x;</svg>"])
def test_what_is_no_drawing_is_refused(drawn: str) -> None:
    with pytest.raises(ValueError, match="chart k: expected SVG, found"):
        svg.fit(drawn, "k", "", "")
