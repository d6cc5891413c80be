"""The page served on loopback, made anew for each request; ``mta-sts serve --report`` starts this.

A process of its own: what it imports and what becomes of it are nothing to the policy host. It
ends when its standard input does.
"""

import http.server
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from analytics.advice import thresholds
from analytics.errors import AnalyticsError
from analytics.report.page import Live, rules, style
from analytics.report.words import Words
from analytics.texts.catalogue import LANGUAGES, Language, texts
from cli.identify import judge_new
from cli.report_pages import PLACE, Pages, Wanted
from cli.warehouse import load, opened
from policy import config
from policy.config import Settings
from policy.errors import PolicyError, shown

LOOPBACK: Final = "127.0.0.1"
EVERY_S: Final = 60  # between reloads, where somebody asks for them

_WAIT_S = 10.0  # for a request that does not come
_KEPT_S = 2.0  # a page is shown again, so that reloading costs nobody the processor
_MAX_PATH = 2_000  # bytes; a domain has 253 characters

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def _policy() -> str:
    """The Content-Security-Policy of every page that there can be."""
    both = (False, True)
    sheets = {
        style(Words(texts(language)), is_sample=one) for language in LANGUAGES for one in both
    }
    return f"{rules(sorted(sheets))}; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: all domains or one, in a language, reloaded or not."""

    domain: str = ""
    language: Language = "en"
    every: int = 0

    @property
    def address(self) -> str:
        """Where it is."""
        query = {"lang": self.language} | ({"every": self.every} if self.every else {})
        path = f"{PLACE}{quote(self.domain, safe='')}" if self.domain else "/"
        return f"{path}?{urlencode(query)}"


Make = Callable[[Asked], str]


def asked(target: str, accepted: str) -> Asked | None:
    """What a request's target asks for; None where there is no such page.

    ``accepted`` is its Accept-Language, which chooses where the target names no language.
    """
    if len(target) > _MAX_PATH:
        return None
    parts = urlsplit(target)
    given = parse_qs(parts.query)
    language = _language(given.get("lang", [accepted])[0])
    every = EVERY_S if given.get("every") == [str(EVERY_S)] else 0
    if parts.path == "/":
        return Asked("", language, every)
    domain = unquote(parts.path.removeprefix(PLACE))
    if not parts.path.startswith(PLACE) or not domain or "/" in parts.path[len(PLACE) :]:
        return None
    return Asked(domain, language, every)


def _language(wished: str) -> Language:
    """The one of ours that is named first."""
    for part in wished.lower().split(","):
        for language in LANGUAGES:
            if part.strip().startswith(language):
                return language
    return LANGUAGES[0]


def handler(make: Make, hosts: frozenset[str]) -> type[http.server.BaseHTTPRequestHandler]:
    """Answers GET and HEAD of those who call us by one of these names.

    Another name in Host is a web site that has led its own name here (DNS rebinding); it is to
    learn nothing.
    """
    headers = {"Content-Security-Policy": _policy(), **_HEADERS}

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = _WAIT_S
        server_version = "mta-sts"
        sys_version = ""

        def do_GET(self) -> None:
            status, kind, body, more = self._answer()
            self.send_response(status)
            for name, value in {**headers, **more}.items():
                self.send_header(name, value)
            self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 as above

        def _answer(self) -> tuple[int, str, bytes, Mapping[str, str]]:
            if self.headers.get("Host", "").lower() not in hosts:
                return 403, "plain", b"expected Host: localhost, with the port\n", {}
            is_foreign = self.headers.get("Sec-Fetch-Site", "none") in ("cross-site", "same-site")
            if is_foreign and self.headers.get("Sec-Fetch-Mode") != "navigate":
                return 403, "plain", b"not for another site\n", {}
            wanted = asked(self.path, self.headers.get("Accept-Language", ""))
            if wanted is None:
                return 404, "plain", b"not found\n", {}
            try:
                page = make(wanted)
            except (AnalyticsError, PolicyError) as error:
                return 503, "plain", f"{error}\n".encode(errors="backslashreplace"), {}
            except Exception:  # noqa: BLE001 - the last resort: the next request may go well
                traceback.print_exc()
                return 500, "plain", b"a defect of STS Witness; see its terminal\n", {}
            more = {"Refresh": str(wanted.every)} if wanted.every else {}
            return 200, "html", page.encode(), more

        def log_message(self, *_what: object) -> None:
            """Say nothing: who looks at their own page is no news."""

    return Handler


def maker(chosen: Settings) -> Make:
    """Makes pages of what the warehouse holds then, one at a time."""
    desk = opened(chosen)
    lock = threading.Lock()
    kept: dict[Asked, tuple[float, str]] = {}

    def make(wanted: Asked) -> str:
        with lock:
            if wanted in kept and time.monotonic() - kept[wanted][0] < _KEPT_S:
                return kept[wanted][1]
            at = datetime.now(UTC)
            load(desk, at)
            judge_new(desk, chosen, at)
            named = (wanted.domain,) if wanted.domain else ()
            choice = Wanted(named, wanted.language, chosen.expect, thresholds.DEFAULT)
            made = Pages(desk, chosen, choice, at).live(_links(wanted))
            kept.clear()
            kept[wanted] = (time.monotonic(), made.text)
            return made.text

    return make


def _links(wanted: Asked) -> Live:
    other: Language = "en" if wanted.language == "ja" else "ja"
    return Live(
        every=wanted.every,
        toggle=Asked(wanted.domain, wanted.language, 0 if wanted.every else EVERY_S).address,
        other=Asked(wanted.domain, other, wanted.every).address,
        other_language=other,
        query=f"?lang={wanted.language}",
    )


def serve(listening: socket.socket, make: Make) -> http.server.ThreadingHTTPServer:
    """A server on a socket that listens already; nothing is answered before it runs."""
    port = listening.getsockname()[1]
    hosts = frozenset(f"{name}:{port}" for name in (LOOPBACK, "localhost"))
    server = http.server.ThreadingHTTPServer(
        (LOOPBACK, port), handler(make, hosts), bind_and_activate=False
    )
    server.socket.close()
    server.socket = listening
    server.server_address = listening.getsockname()
    server.daemon_threads = True
    return server


def main() -> int:
    """Serve on the socket whose number is the argument, until standard input ends."""
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.stderr.write(
            f"cli.live: expected the number of a socket, found {shown(str(sys.argv[1:]))}\n"
        )
        return 2
    chosen = config.settings(os.environ, cwd=Path.cwd())
    server = serve(socket.socket(fileno=int(sys.argv[1])), maker(chosen))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        sys.stdin.buffer.read()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
