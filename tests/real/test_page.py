"""The page in a real browser: it runs nothing, loads nothing, and everybody can read it."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.analytics.report import build
from tests.browser import AXE, PHONE, SCREEN, Browser, browser, missing
from tests.cli.run import run
from tests.cli.test_live import serving_page

pytestmark = pytest.mark.real

FILES = ("lively", "lively.ja", "quiet", "quiet.ja", "hostile", "sample", "many")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if reason := missing():
        pytest.skip(reason)
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a page of each kind."""
    into = tmp_path_factory.mktemp("pages")
    for name, fill in (
        ("lively", build.lively),
        ("quiet", build.quiet),
        ("hostile", build.hostile),
    ):
        home = tmp_path_factory.mktemp(name)
        fill(build.Home(home))
        write(home, into / f"{name}.html", "example.com")
        if name != "hostile":
            write(home, into / f"{name}.ja.html", "example.com", "--lang", "ja")
            continue
        write(home, into / "many.html")
    home = tmp_path_factory.mktemp("sample")
    build.samples(build.Home(home))
    write(home, into / "sample.html", "example.com")
    return into


def write(home: Path, to: Path, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv("MTA_STS_HOME", str(home))
        done = run("report", *arguments, "--output", str(to))
    assert done.status == 0, done.err


@pytest.mark.parametrize("name", FILES)
def test_a_page_runs_nothing_and_asks_nobody(chromium: Browser, pages: Path, name: str) -> None:
    address = (pages / f"{name}.html").as_uri()
    with chromium.opened(address) as watched:
        assert watched.page.title()
        watched.page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        assert watched.page.evaluate("typeof window.hit") == "undefined"
        assert watched.page.locator("script, iframe, object, embed, form, [onload]").count() == 0
        assert watched.page.locator("img, image, a[href^='javascript']").count() == 0
        watched.page.wait_for_timeout(300)
        assert watched.requests == [address]
        assert watched.said == []


def test_even_a_script_that_stood_in_the_page_would_not_run(
    chromium: Browser, pages: Path, tmp_path: Path
) -> None:
    text = (pages / "lively.html").read_text(encoding="utf-8")
    bad = "<script>window.hit = 1</script><img src='https://example.com/x.png'></main>"
    (tmp_path / "bad.html").write_text(text.replace("</main>", bad), encoding="utf-8")
    with chromium.opened((tmp_path / "bad.html").as_uri()) as watched:
        assert watched.page.evaluate("typeof window.hit") == "undefined"
        assert len(watched.said) == 2
        assert all("Content Security Policy" in said for said in watched.said)


@pytest.mark.parametrize(("width", "scheme"), [(SCREEN, "light"), (PHONE, "dark")])
@pytest.mark.parametrize("name", FILES)
def test_everybody_can_read_it(
    chromium: Browser, pages: Path, name: str, width: int, scheme: str
) -> None:
    if not AXE.exists():
        pytest.skip("no axe-core here (make .venv/.browser; it takes npm)")
    with chromium.opened((pages / f"{name}.html").as_uri(), width=width, scheme=scheme) as watched:
        watched.page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        assert watched.faults() == []


@pytest.mark.parametrize("name", FILES)
def test_a_phone_need_not_be_moved_sideways(chromium: Browser, pages: Path, name: str) -> None:
    with chromium.opened((pages / f"{name}.html").as_uri(), width=PHONE) as watched:
        watched.page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        assert watched.width() <= PHONE
        for place in ("h1", ".headline", ".next", ".tile"):
            for part in watched.page.locator(place).all():
                box = part.bounding_box()
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= PHONE


def test_a_chart_has_a_size_for_each_screen(chromium: Browser, pages: Path) -> None:
    for width, seen, hidden in ((SCREEN, ".wide", ".narrow"), (PHONE, ".narrow", ".wide")):
        with chromium.opened((pages / "lively.html").as_uri(), width=width) as watched:
            assert watched.page.locator(f"figure {seen} svg").count() == 2
            assert watched.page.locator(f"figure {seen} svg").first.is_visible()
            assert not watched.page.locator(f"figure {hidden} svg").first.is_visible()


@pytest.mark.parametrize(("name", "band"), [("lively", ""), ("sample", "Sample data")])
def test_it_prints_on_a4_and_sample_data_is_marked_on_each_page(
    chromium: Browser, pages: Path, tmp_path: Path, name: str, band: str
) -> None:
    with chromium.opened((pages / f"{name}.html").as_uri()) as watched:
        printed = watched.page.pdf(prefer_css_page_size=True)
    count = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert 2 <= count <= 8
    assert re.search(rb"/MediaBox\s*\[0 0 59[45][.\d]* 84[12][.\d]*\]", printed)
    (tmp_path / "page.pdf").write_bytes(printed)
    if band:
        if not (reader := shutil.which("pdftotext")):
            pytest.skip("no pdftotext here (Debian: apt-get install poppler-utils)")
        told = subprocess.run(
            [reader, "page.pdf", "-"], cwd=tmp_path, capture_output=True, check=True
        ).stdout.decode()
        assert all(band in page for page in told.split("\f")[:count])


def test_sample_data_stays_marked_while_the_page_is_moved(chromium: Browser, pages: Path) -> None:
    with chromium.opened((pages / "sample.html").as_uri()) as watched:
        for share in (0, 0.5, 1):
            watched.page.evaluate(f"scrollTo(0, document.documentElement.scrollHeight * {share})")
            box = watched.page.locator(".sample").first.bounding_box()
            assert 0 <= box["y"] < 10


def test_a_fetch_stands_on_the_live_page(chromium: Browser, tmp_path: Path) -> None:
    build.quiet(build.Home(tmp_path))
    with serving_page(tmp_path) as (host, port):
        address = f"http://localhost:{port}/"
        with chromium.opened(address, locale="ja-JP") as watched:
            assert "まだ動きはありません" in watched.page.locator("main").inner_text()
            agent = {"Host": "mta-sts.example.com", "User-Agent": "curl/8.5.0"}
            where = f"http://127.0.0.1:{host}/.well-known/mta-sts.txt"
            with urlopen(Request(where, headers=agent), timeout=20) as answer:
                assert answer.read() == build.TESTING.encode()
            watched.page.wait_for_timeout(2_200)  # a page is shown again for two seconds
            watched.page.get_by_role("link", name="English").click()
            told = watched.page.locator("main").inner_text()
            assert "1 fetch in 60 days got the policy." in told
            assert "curl/8.5.0" in told
            assert {url.partition("?")[0] for url in watched.requests} == {address}
            assert watched.said == []
