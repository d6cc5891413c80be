"""Debian's Chromium, headless, and what a page did in it."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.host import ROOT

# from npm, put there by make .venv/.browser
AXE = ROOT / ".venv/browser/node_modules/axe-core/axe.min.js"
PHONE, SCREEN = 390, 1280  # pixels of width


def missing() -> str:
    """Why no page can be looked at here; "" where one can."""
    if not chromium():
        return "no chromium here (Debian: apt-get install chromium)"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "no playwright here (make .venv/.browser)"
    return ""


def chromium() -> str:
    """The program, or ""."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or ""


@dataclass
class Watched:
    """A page, and what it did since it was opened."""

    page: Any
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # console, errors, dialogs

    def faults(self) -> list[str]:
        """Rules of WCAG that axe-core finds broken, seriously or worse, with where."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{fault['id']}: {node['target']}"
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    def width(self) -> int:
        """Pixels that the page takes from left to right."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))


class Browser:
    """A running Chromium."""

    def __init__(self, running: Any) -> None:  # noqa: ANN401 - playwright is not always here
        self._running = running

    @contextlib.contextmanager
    def opened(
        self, address: str, *, width: int = SCREEN, scheme: str = "light", locale: str = "en-GB"
    ) -> Iterator[Watched]:
        """A page at that address, in a profile of its own."""
        context = self._running.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale
        )
        try:
            watched = Watched(context.new_page())
            page = watched.page
            page.on("request", lambda request: watched.requests.append(request.url))
            page.on("console", lambda said: watched.said.append(said.text))
            page.on("pageerror", lambda error: watched.said.append(str(error)))
            page.on("dialog", lambda dialog: watched.said.append(dialog.message))
            page.goto(address, timeout=30_000)
            yield watched
        finally:
            context.close()


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Chromium as it is installed here, without a sandbox, which root cannot have."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        running = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        try:
            yield Browser(running)
        finally:
            running.close()
