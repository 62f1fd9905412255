"""A folder, a port and a certificate are tried, not guessed at."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.service.doctor.host import check_certificate, check_folder, check_memory, check_port
from carabin.service.doctor.report import Health
from carabin.service.memory import model_bytes
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def certificate(folder: Path, ends: datetime) -> tuple[Path, Path]:
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "dictation.example")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(ends - timedelta(days=90))
        .not_valid_after(ends)
        .sign(key, None)
    )
    (folder / "cert.pem").write_bytes(built.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


def test_a_folder_that_can_be_written_is_made_and_left_empty(tmp_path: Path) -> None:
    [finding] = check_folder(tmp_path / "cache" / "models")
    assert finding.status in (Health.OK, Health.WARNING)
    assert list((tmp_path / "cache" / "models").iterdir()) == []


def test_a_folder_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    [finding] = check_folder(tmp_path / "cache")
    assert (finding.status, finding.sentence) == (Health.FAILED, "it cannot be written: File exists")
    assert finding.remedy


@pytest.mark.parametrize(
    ("models", "status"),
    [(2.0, Health.OK), (1.99, Health.WARNING), (1.0, Health.WARNING), (0.99, Health.FAILED)],
)
def test_two_models_must_fit_into_what_is_free(models: float, status: Health) -> None:
    size_bytes = 1_500_000_000
    [finding] = check_memory(size_bytes, int(models * model_bytes(size_bytes)) + 1, "NVIDIA T4")
    assert finding.status is status
    assert "one takes 2.1 GB" in finding.sentence
    assert "NVIDIA T4" in finding.name
    assert bool(finding.remedy) is (status is not Health.OK)


def test_memory_that_the_system_does_not_report_is_no_failure() -> None:
    [finding] = check_memory(1_500_000_000, None, "this machine")
    assert finding.status is Health.SKIPPED


def test_a_port_is_free_or_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        [finding] = check_port(port)
        assert finding.status is Health.WARNING
        assert "in use" in finding.sentence
    [finding] = check_port(port)
    assert finding.status is Health.OK


@pytest.mark.parametrize(
    ("days", "status", "words"),
    [
        (60, Health.OK, "holds until 2027-01-27"),
        (3, Health.WARNING, "ends on 2026-12-01"),
        (-1, Health.FAILED, "ended on"),
    ],
)
def test_the_end_of_a_certificate_is_said(tmp_path: Path, days: int, status: Health, words: str) -> None:
    cert, key = certificate(tmp_path, NOW + timedelta(days=days))
    [finding] = check_certificate(cert, key, NOW)
    assert finding.status is status
    assert words in finding.sentence


def test_a_key_of_another_certificate_is_a_failure(tmp_path: Path) -> None:
    cert, _ = certificate(tmp_path, NOW + timedelta(days=60))
    (tmp_path / "other").mkdir()
    _, other = certificate(tmp_path / "other", NOW + timedelta(days=60))
    [finding] = check_certificate(cert, other, NOW)
    assert finding.status is Health.FAILED
    [finding] = check_certificate(tmp_path / "none.pem", None, NOW)
    assert finding.sentence == "it cannot be used with its key: No such file or directory"
