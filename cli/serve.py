"""mta-sts serve: the policy host on this machine, under the production server."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from gunicorn.app.base import BaseApplication

from cli.called import called_as
from cli.showing import short
from policy import config, wsgi
from policy.config import EventSink, Settings
from policy.respond import POLICY_PATH
from policy.store import PolicyFolder

_THREADS = 64  # a connection that says nothing holds one until it says something
_LOOPBACK = "127.0.0.1"  # never another: the page shows addresses, and asks nobody who they are
_STOP_S = 10  # as Cloud Run gives between SIGTERM and SIGKILL


class ServeError(Exception):
    """The server cannot start."""

    code = "serve-failed"
    exit_status = 3


@click.command(
    epilog="Examples: mta-sts serve --port 8443 --host 0.0.0.0; mta-sts serve --report",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="TCP port to listen on.")
@click.option(
    "--report",
    is_flag=True,
    help="Show the page of mta-sts report too, made anew for each look; on 127.0.0.1 alone.",
)
@click.option(
    "--report-port", default=8081, show_default=True, help="Its port; 0 takes a free one."
)
def serve(host: str, port: int, *, report: bool, report_port: int) -> None:
    """Serve the policies here; each fetch becomes an event in the desk's warehouse.

    This speaks plain HTTP: senders reach it only through something that speaks HTTPS for
    mta-sts.DOMAIN on port 443.
    """
    settings = config.settings(os.environ, cwd=Path.cwd(), events=EventSink.FILE)
    _refuse_taken(host, port)
    application = wsgi.policy_host(settings, environ=os.environ)
    shown = LivePage(report_port) if report else None
    welcome = _welcome(settings, host, port, shown)
    _Server(application, host, port, welcome, shown).run()


def _refuse_taken(host: str, port: int) -> None:
    """Say at once that a port cannot be had; the server itself would try for five seconds."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = f"cannot listen on {host}, port {port}: {error.strerror}"
            raise ServeError(
                f"{why}; another port: {called_as()} serve --port {port + 1}"
            ) from error


class LivePage:
    """The page of what the warehouse holds, served on loopback by a process of its own.

    Raises:
        ServeError: the port cannot be had.
    """

    def __init__(self, port: int) -> None:
        try:
            with socket.create_server((_LOOPBACK, port)) as listening:
                self.port: int = listening.getsockname()[1]
                number = listening.fileno()
                command = [sys.executable, "-P", "-m", "cli.live", str(number)]
                self._process = subprocess.Popen(  # noqa: S603 - ours
                    command, stdin=subprocess.PIPE, pass_fds=[number]
                )
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            why = f"cannot listen on {_LOOPBACK}, port {port}: {reason}"
            raise ServeError(f"{why}; another port: --report-port {port + 1}") from error
        self._parent = os.getpid()

    def stop(self) -> None:
        """End it; a worker, which is a copy of who started it, ends nothing."""
        if os.getpid() != self._parent:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()


def _welcome(settings: Settings, host: str, port: int, shown: LivePage | None) -> str:
    policies = PolicyFolder(settings.policies)
    domains = list(policies.domains()) if settings.policies.is_dir() else []
    where = f"http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}"  # noqa: S104
    count = f"{len(domains)} {'policy' if len(domains) == 1 else 'policies'}"
    me = called_as()
    asked = domains[0] if domains else "example.com"
    events = {
        EventSink.FILE: _kept_in(settings.home / "events"),
        EventSink.STDOUT: "Every request leaves one event on stdout.",
        EventSink.NONE: "No events are kept (MTA_STS_EVENTS=none).",
    }
    page = f"The page, on this machine alone: http://localhost:{shown.port}/\n" if shown else ""
    return f"""\
Serving {count} from {short(settings.policies)} on {where}
{page}{events[settings.events]} Stop with Ctrl-C.

Try next, in another terminal:
  curl -H 'Host: mta-sts.{asked}' {where}{POLICY_PATH}
  {me} fetches
  {me} init YOUR-DOMAIN
"""


def _kept_in(folder: Path) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"No events can be kept: {short(folder)}: {error.strerror}."
    return f"Every request leaves one event in {short(folder)}."


class _Server(BaseApplication):
    def __init__(
        self,
        application: wsgi.PolicyHost,
        host: str,
        port: int,
        welcome: str,
        shown: LivePage | None,
    ) -> None:
        self._application = application
        self._options = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "threads": _THREADS,
            "graceful_timeout": _STOP_S,
            "loglevel": "warning",
            "control_socket_disable": True,  # it would be made outside this folder
            "when_ready": lambda _server: click.echo(welcome, err=True),
            "on_exit": lambda _server: shown.stop() if shown else None,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:  # noqa: ANN401 - what gunicorn calls an application
        return self._application
