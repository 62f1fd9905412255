"""A model folder of two files, as the tests of this folder publish it."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model"
    model.mkdir()
    (model / "model.bin").write_bytes(bytes(range(256)) * 100)
    (model / "config.json").write_text("{}")
    return model


KEY = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x08" * 32)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`CARABIN_SIGNING_TRUSTED` names KEY's public half."""
    path = tmp_path / "trusted.pem"
    path.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    monkeypatch.setenv("CARABIN_SIGNING_TRUSTED", json.dumps([str(path)]))
