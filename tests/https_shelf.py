"""The server of `fake_release` over https, under the name localhost; and rules by which it passes for a public one."""

import datetime
import ssl
from contextlib import AbstractContextManager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app import remote_clip
from app.remote_clip import Rules, is_public
from tests.fake_release import FakeRelease, serving

HOST, AT = "localhost", "127.0.0.1"


def make_certificate(folder: Path, host: str = HOST) -> Path:
    """A certificate that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def rules_for(certificate: Path, port: int) -> Rules:
    """As in earnest, but for one address of this machine, one port and one certificate."""
    return Rules(
        port=port,
        public=lambda ip: str(ip) == AT or is_public(ip),
        trust=ssl.create_default_context(cafile=str(certificate)),
    )


def bend_rules(certificate: Path, port: int) -> None:
    """For a whole process, which is a test's."""
    remote_clip.RULES = rules_for(certificate, port)


class _Quiet(FakeRelease):
    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever does not trust the certificate hangs up in the middle of it."""


def https_shelf(certificate: Path) -> AbstractContextManager[FakeRelease]:
    server = _Quiet()
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(certificate)
    server.socket = trust.wrap_socket(server.socket, server_side=True)
    return serving(server)
