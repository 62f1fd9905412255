"""The containers' health check, against a server that is well, ill, away, or speaks TLS."""

import importlib.util
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import ModuleType

import grpc
import pytest
from carabin.service.grpc import start_server
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..manifests.render import ROOT


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/livez" else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def healthcheck() -> ModuleType:
    spec = importlib.util.spec_from_file_location("healthcheck", ROOT / "docker/healthcheck.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def certificate(folder: Path) -> Path:
    """Write a key and its certificate, made out to a name that is not this machine's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "dictation.example")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
    ).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "pair.pem"
    path.write_bytes(private + built.public_bytes(pem))
    return path


def signed_by_an_authority(folder: Path, host: str) -> tuple[Path, Path]:
    """Write a certificate for `host` and its key, signed by an authority that lies in no file."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a hospital's authority")])
    name = x509.IPAddress(ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder(
            issuer, x509.Name([]), key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1)
        )
        .add_extension(x509.SubjectAlternativeName([name]), critical=True)
        .sign(authority, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(built.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


def test_a_healthy_server_is_0_and_an_ill_one_or_none_is_1_with_the_reason(
    healthcheck: ModuleType, server: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"http://127.0.0.1:{server.server_port}"
    assert healthcheck.main([f"{address}/livez"]) == 0
    assert healthcheck.main([f"{address}/livez", f"{address}/readyz"]) == 1
    assert "503" in capsys.readouterr().err
    assert healthcheck.main(["http://127.0.0.1:1/livez"]) == 1
    assert "refused" in capsys.readouterr().err


@pytest.fixture
def proxy_for_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand behind a site's proxy, which reaches no loopback of a container."""
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("proxy_for_everything")
@pytest.mark.parametrize("tls", [False, True])
def test_its_own_loopback_is_asked_past_the_proxy_of_the_site(
    tls: bool,
    healthcheck: ModuleType,
    server: ThreadingHTTPServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    credentials = None
    if tls:
        cert, key = signed_by_an_authority(tmp_path, "carabin.example")
        credentials = grpc.ssl_server_credentials([(key.read_bytes(), cert.read_bytes())])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        for name in ("CARABIN_TRANSCRIBER_TLS_CERT", "CARABIN_EXPORTER_TLS_CERT"):
            monkeypatch.setenv(name, str(cert))
    rpc = start_server([], 0, host="127.0.0.1", credentials=credentials)
    try:
        assert healthcheck.main([f"http://127.0.0.1:{server.server_port}/livez"]) == 0
        assert healthcheck.main([f"grpc://127.0.0.1:{rpc.port}"]) == 0
    finally:
        rpc.stop(0)


def test_a_server_that_speaks_tls_is_asked_over_tls(
    healthcheck: ModuleType, server: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("CARABIN_TRANSCRIBER_TLS_CERT", "/etc/carabin/tls.crt")
    assert healthcheck.main([f"http://127.0.0.1:{server.server_port}/livez"]) == 0


@pytest.mark.parametrize("name", ["exporter.example", "127.0.0.1"])
def test_a_grpc_server_that_speaks_tls_is_asked_over_tls_whatever_name_it_has(
    name: str, healthcheck: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = (path.read_bytes() for path in signed_by_an_authority(tmp_path, name))
    server = start_server([], 0, host="127.0.0.1", credentials=grpc.ssl_server_credentials([(key, cert)]))
    try:
        url = f"grpc://127.0.0.1:{server.port}"
        assert healthcheck.main([url]) == 1, "the certificate is not known without the variable"
        monkeypatch.setenv("CARABIN_EXPORTER_TLS_CERT", str(tmp_path / "cert.pem"))
        assert healthcheck.main([url]) == 0
        server.set_serving(False)
        assert healthcheck.main([url]) == 1
    finally:
        server.stop(0)
