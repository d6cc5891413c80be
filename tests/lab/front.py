"""The TLS front of the policy hosts, by nginx."""

from pathlib import Path

from tests.authority import Authority
from tests.lab.namespace import Namespace
from tests.lab.needs import program

ADDRESS = "127.0.0.10"

_LOG = "front.log"
_CONFIG = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address}:443 ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {certificates}/$ssl_server_name.pem;
        ssl_certificate_key {certificates}/$ssl_server_name.pem;
        location / {{
            proxy_pass http://{behind};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


class Front:
    """Speaks HTTPS for every host that ``authority`` has issued a certificate to."""

    def __init__(
        self, namespace: Namespace, folder: Path, authority: Authority, *, behind: str
    ) -> None:
        folder.mkdir()
        config = folder / "nginx.conf"
        text = _CONFIG.format(
            folder=folder, address=ADDRESS, certificates=authority.file.parent, behind=behind
        )
        config.write_text(text, encoding="ascii")
        process = namespace.start([program("nginx"), "-c", config], log=_LOG)
        namespace.listening(process, ADDRESS, 443, log=_LOG)
