"""A store behind HTTPS is trusted by its certificate, as the system or SSL_CERT_FILE has it, and never otherwise."""

import ipaddress
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from carabin.registry.embedded.ports import free_ports
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.errors import StoreUnreachable
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .conftest import at


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "store.hospital.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture(scope="module")
def https_settings(certificate: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreSettings]:
    port = free_ports(1)[0]
    options = (f"-s3.cert.file={certificate[0]}", f"-s3.key.file={certificate[1]}", f"-s3.port.https={port}")
    with EmbeddedStore(tmp_path_factory.mktemp("store"), options=options) as settings:
        yield settings.model_copy(update={"endpoint": f"127.0.0.1:{port}", "secure": True})


def test_a_store_with_a_certificate_that_is_trusted_is_spoken_to(
    https_settings: StoreSettings, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    store = MinioStore(https_settings)
    store.put(https_settings.models_bucket, "key", b"over TLS")
    assert store.get(https_settings.models_bucket, "key") == b"over TLS"


def test_a_certificate_that_nobody_trusts_is_refused_and_named(
    https_settings: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(StoreUnreachable, match="certificate"):
        MinioStore(https_settings).put(https_settings.models_bucket, "key", b"never sent")


def test_tls_spoken_to_a_plain_store_is_said_with_what_to_change() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            store = MinioStore(at(f"127.0.0.1:{server.server_port}").model_copy(update={"secure": True}))
            with pytest.raises(StoreUnreachable, match=r"does not speak TLS: write http:// .*SECURE=false"):
                store.get("models", "key")
        finally:
            server.shutdown()
            thread.join()


def test_plain_http_spoken_to_a_store_behind_tls_is_said_with_what_to_change(https_settings: StoreSettings) -> None:
    store = MinioStore(https_settings.model_copy(update={"secure": False}))
    with pytest.raises(StoreUnreachable, match=r"speaks TLS alone: write https:// .*CARABIN_STORE_SECURE=true"):
        store.get(https_settings.models_bucket, "key")
