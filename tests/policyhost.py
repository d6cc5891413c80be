"""An HTTPS host on loopback with a throw-away CA, for what a sending MTA meets at a policy host."""

import contextlib
import datetime
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_YEAR = datetime.timedelta(days=365)


@dataclass(frozen=True)
class Served:
    """What the host answers: the bytes after the status line and standard fields are ours."""

    body: bytes = b""
    status: str = "200 OK"
    content_type: str | None = "text/plain; charset=utf-8"
    extra: tuple[str, ...] = ()
    drip_s: float = 0.0  # wait so long before each byte of the body
    tells_length: bool = True

    def head(self) -> bytes:
        """Status line and fields."""
        fields = [f"HTTP/1.1 {self.status}", *self.extra]
        if self.tells_length:
            fields.append(f"Content-Length: {len(self.body)}")
        if self.content_type is not None:
            fields.append(f"Content-Type: {self.content_type}")
        return ("\r\n".join(fields) + "\r\n\r\n").encode()


@dataclass
class PolicyHost:
    """Where it listens, what it was sent, and the roots that vouch for it."""

    address: str
    port: int
    ca_file: str
    requests: list[bytes] = field(default_factory=list)

    @property
    def option(self) -> str:
        """It as ``--connect-to`` takes it."""
        return f"{self.address}:{self.port}"


@contextlib.contextmanager
def policy_host(
    folder: Path, served: Served, *names: str, is_expired: bool = False
) -> Iterator[PolicyHost]:
    """Answer every request with ``served`` while the block runs, for these names."""
    ca_file, chain = _files(folder, names, is_expired=is_expired)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    host = PolicyHost("127.0.0.1", 0, str(ca_file))

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                _serve(context.wrap_socket(self.request, server_side=True), served, host)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        host.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()


def _serve(client: ssl.SSLSocket, served: Served, host: PolicyHost) -> None:
    with client:
        received = b""
        while b"\r\n\r\n" not in received and (more := client.recv(65_536)):
            received += more
        host.requests.append(received)
        client.sendall(served.head())
        if not served.drip_s:
            client.sendall(served.body)
            return
        for byte in served.body:
            time.sleep(served.drip_s)
            client.sendall(bytes([byte]))


def _files(folder: Path, names: tuple[str, ...], *, is_expired: bool) -> tuple[Path, Path]:
    """The CA's certificate, and key and certificate of the host."""
    ca_key, ca = _authority()
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    end = now - datetime.timedelta(days=1) if is_expired else now + _YEAR
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_named(names[0]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _YEAR)
        .not_valid_after(end)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True)
    ca_file, chain = folder / "ca.pem", folder / "host.pem"
    pem = serialization.Encoding.PEM
    ca_file.write_bytes(ca.public_bytes(pem))
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain.write_bytes(private + certificate.public_bytes(pem))
    return ca_file, chain


@cache
def _authority() -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_named("throw-away CA"))
        .issuer_name(_named("throw-away CA"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _YEAR)
        .not_valid_after(now + _YEAR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
