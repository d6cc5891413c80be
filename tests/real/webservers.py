"""Debian's nginx, Apache and Caddy on loopback, in front of a policy host, with logs of their own."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.host import environment, free_port, wait_for

HOSTS = ("mta-sts.example.com", "mta-sts.example.net")
STOP_S = 10.0
_PACKAGES = {"nginx": "nginx-light", "apache2": "apache2", "caddy": "caddy"}
_MODULES = Path("/usr/lib/apache2/modules")

# formats with all that there is to tell, as an administrator would write them
NGINX_FORMAT = (
    '$remote_addr - $remote_user [$time_local] $msec "$request" $status $body_bytes_sent '
    '"$http_user_agent" "$http_host" "$http_accept" "$http_accept_encoding" "$http_cache_control" '
    '"$http_content_type" $request_time'
)
APACHE_FORMAT = (
    '%a %l %u %{usec}t \\"%r\\" %>s %B \\"%{User-Agent}i\\" \\"%{Host}i\\" \\"%{Accept}i\\" '
    '\\"%{Accept-Encoding}i\\" \\"%{Cache-Control}i\\" \\"%{Content-Type}i\\" %D'
)


@dataclass(frozen=True, slots=True)
class WebServer:
    """A running server, its port and the folder of its logs."""

    port: int
    logs: Path


def missing(*names: str) -> str:
    """Which programs are not here, as a reason to skip; "" where all are."""
    absent = [_PACKAGES[name] for name in names if program(name) is None]
    return f"needs {', '.join(absent)} (apt-get install)" if absent else ""


def program(name: str) -> str | None:
    """Where a server is installed."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


@contextlib.contextmanager
def nginx(folder: Path, upstream: int) -> Iterator[WebServer]:
    """An nginx that takes the client's address from its loopback peers."""
    port = free_port()
    servers = "\n".join(
        f"""
        server {{
            listen 127.0.0.1:{port};
            server_name {host};
            access_log {folder}/{host}.log combined;
            access_log {folder}/full.log full;
            location / {{
                proxy_pass http://127.0.0.1:{upstream};
                proxy_set_header Host $http_host;
                proxy_set_header X-Client-IP $remote_addr;
            }}
        }}"""
        for host in HOSTS
    )
    config = f"""
    user root;
    daemon off;
    error_log {folder}/error.log;
    pid {folder}/nginx.pid;
    events {{}}
    http {{
        access_log off;
        {"".join(f"{kind}_temp_path {folder}/{kind};" for kind in _TEMPORARY)}
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Forwarded-For;
        log_format full '{NGINX_FORMAT}';
        {servers}
    }}
    """
    (folder / "nginx.conf").write_text(config)
    command = ["-c", str(folder / "nginx.conf")]
    with _running("nginx", command, port, folder) as server:
        yield server


_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@contextlib.contextmanager
def apache(folder: Path, upstream: int) -> Iterator[WebServer]:
    """An Apache with mod_remoteip, and the log formats of Debian's own configuration."""
    port = free_port()
    modules = ("mpm_event", "authz_core", "proxy", "proxy_http", "headers", "remoteip")
    loaded = "\n".join(f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in modules)
    debian = Path("/etc/apache2/apache2.conf").read_text()
    formats = "\n".join(line for line in debian.splitlines() if line.startswith("LogFormat "))
    sites = "\n".join(
        f"""
        <VirtualHost 127.0.0.1:{port}>
            ServerName {host}
            CustomLog {folder}/{host}.log combined
            CustomLog {folder}/vhosts.log vhost_combined
            CustomLog {folder}/full.log full
            ProxyPreserveHost On
            ProxyPass / http://127.0.0.1:{upstream}/
            RequestHeader set X-Client-IP "expr=%{{REMOTE_ADDR}}"
        </VirtualHost>"""
        for host in HOSTS
    )
    (folder / "apache.conf").write_text(f"""
{loaded}
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
ServerName localhost
User www-data
Group www-data
Listen 127.0.0.1:{port}
RemoteIPHeader X-Forwarded-For
RemoteIPInternalProxy 127.0.0.1
{formats}
LogFormat "{APACHE_FORMAT}" full
{sites}
""")
    command = ["-f", str(folder / "apache.conf"), "-D", "FOREGROUND"]
    with _running("apache2", command, port, folder) as server:
        yield server


@contextlib.contextmanager
def caddy(folder: Path, upstream: int) -> Iterator[WebServer]:
    """A Caddy that passes on what its loopback peers say of the client."""
    port = free_port()
    (folder / "Caddyfile").write_text(f"""
{{
    admin off
    auto_https off
}}
http://:{port} {{
    bind 127.0.0.1
    log {{
        output file {folder}/access.log
    }}
    reverse_proxy 127.0.0.1:{upstream} {{
        header_up X-Client-IP {{http.request.header.X-Forwarded-For}}
        transport http {{
            compression off
        }}
    }}
}}
""")
    command = ["run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    with _running("caddy", command, port, folder) as server:
        yield server


KINDS: dict[str, Callable[[Path, int], contextlib.AbstractContextManager[WebServer]]] = {
    "nginx": nginx,
    "apache2": apache,
    "caddy": caddy,
}


@contextlib.contextmanager
def _running(name: str, command: list[str], port: int, folder: Path) -> Iterator[WebServer]:
    found = program(name)
    assert found is not None
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [found, *command], stdout=output, stderr=output, env=environment(HOME=str(folder))
        )
    try:
        wait_for(port, process)
        yield WebServer(port, folder)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
