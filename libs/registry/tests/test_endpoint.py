"""An object store's address is understood as people write it, or refused with what is wrong."""

import pytest
from carabin.registry.endpoint import require_host_and_port, split_scheme


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("minio:9000", (None, "minio:9000")),
        ("http://minio:9000", (False, "minio:9000")),
        ("HTTPS://minio.example/", (True, "minio.example")),
        (" minio:9000 ", (None, "minio:9000")),
        ("ftp://minio", (None, "ftp://minio")),
    ],
)
def test_a_scheme_says_whether_tls_is_spoken(text: str, found: tuple[bool | None, str]) -> None:
    assert split_scheme(text) == found


@pytest.mark.parametrize("text", ["minio", "minio:9000", "127.0.0.1:1", "[::1]:9000", "s3.hospital.example:65535"])
def test_a_host_with_or_without_a_port_is_taken(text: str) -> None:
    assert require_host_and_port(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no host"),
        (":9000", "names no host"),
        ("[::1:9000", "names no host"),
        ("minio:9000/models", "goes on after 'minio:9000'"),
        ("minio:9000?x=1", "goes on after"),
        ("minio :9000", "holds a space"),
        ("minio:99999", "port is not a number from 1 to 65535"),
        ("minio:0", "port is not"),
        ("minio:", "port is not"),
        ("minio:abc", "port is not"),
        ("ftp://minio", "ftp:// is not understood"),
        ("me:secret@minio:9000", "holds a user or a password"),
    ],
)
def test_what_is_no_address_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        require_host_and_port(text)
