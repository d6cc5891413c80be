"""A certificate authority for the time of a test."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=1)
_SKEW = timedelta(hours=1)


class Authority:
    """Signs certificates that only what is given ``ca.pem`` trusts.

    One with a ``parent`` is an intermediate: ``file`` is what a host sends after its own.
    """

    def __init__(
        self, folder: Path, *, name: str = "throw-away CA", parent: "Authority | None" = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        signer = parent or self
        builder = (
            _builder(self.name, signer.name, self.key.public_key(), _LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(ca=True), critical=True)
            .add_extension(self._subject_key(self.key), critical=False)
        )
        if parent is not None:
            builder = builder.add_extension(parent.key_identifier(), critical=False)
        certificate = builder.sign(signer.key, hashes.SHA256())
        self.file = folder / ("ca.pem" if parent is None else "intermediate.pem")
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self,
        *hosts: str,
        is_expired: bool = False,
        common_name: str = "",
        lasts: timedelta = _LIFE,
    ) -> Path:
        """A file with key and certificate for ``hosts``, named after the first one.

        Without ``hosts`` the certificate has its common name alone.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = common_name or hosts[0]
        lasts = -_SKEW if is_expired else lasts
        builder = (
            _builder(_name(subject), self.name, key.public_key(), lasts)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(self._subject_key(key), critical=False)
            .add_extension(self.key_identifier(), critical=False)
        )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        path = self._folder / f"{subject}.pem"
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        path.chmod(0o600)
        return path

    def key_identifier(self) -> x509.AuthorityKeyIdentifier:
        """What tells whose signature it is."""
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())

    @staticmethod
    def _subject_key(key: ec.EllipticCurvePrivateKey) -> x509.SubjectKeyIdentifier:
        return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, lasts: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LIFE)
        .not_valid_after(now + lasts)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
