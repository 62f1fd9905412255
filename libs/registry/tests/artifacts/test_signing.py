"""A version says who made it, and whoever changes a byte or a word of it is found out."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.manifest import ModelManifest, signed_bytes
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.artifacts.signing import (
    describe_signature,
    key_name,
    signer,
    signer_from_settings,
    trusted_keys,
    verify_version,
)
from carabin.registry.errors import ManifestInvalid, ProvenanceInvalid, SignatureRefused, VersionMissing
from carabin.registry.settings import SigningSettings
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.promote import promote, rollback
from carabin.registry.stages.read import read_decision
from carabin.registry.testing.memory import MemoryStore
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ..conftest import FORMAT
from .conftest import KEY, OTHER


@pytest.fixture
def store() -> MemoryStore:
    memory = MemoryStore()
    memory.ensure_bucket("models")
    return memory


def publish(store: MemoryStore, folder: Path, key: Ed25519PrivateKey | None, hour: int = 0) -> ModelManifest:
    folder.mkdir(exist_ok=True)
    (folder / "model.bin").write_bytes(b"weights" * 200)
    (folder / "smoke.wav").write_bytes(b"speech")
    at = datetime(2026, 11, 23, hour, tzinfo=UTC)
    sign = signer(key) if key else None
    return publish_model(store, "models", "cardio", folder, at, format=FORMAT, sign=sign)


@pytest.fixture
def manifest(store: MemoryStore, tmp_path: Path) -> ModelManifest:
    return publish(store, tmp_path / "signed", KEY)


def check(store: MemoryStore, manifest: ModelManifest, *keys: Ed25519PrivateKey) -> list[str]:
    keys = [key.public_key() for key in keys]
    return verify_version(store, "models", "cardio", manifest.version, keys).problems


def stored(store: MemoryStore, manifest: ModelManifest) -> bytes:
    return store.get("models", f"cardio/versions/{manifest.version}/manifest.json")


def tamper(store: MemoryStore, manifest: ModelManifest, **changes: object) -> None:
    key = f"cardio/versions/{manifest.version}/manifest.json"
    store.put("models", key, json.dumps({**json.loads(store.get("models", key)), **changes}).encode())


def test_a_signed_version_is_sound(store: MemoryStore, manifest: ModelManifest) -> None:
    assert check(store, manifest, OTHER, KEY) == []
    signature = describe_signature(manifest, stored(store, manifest), [KEY.public_key()])
    assert signature.words.startswith("signed by ed25519:")
    assert signature.trusted


def test_an_untrusted_or_missing_signature_is_said(store: MemoryStore, manifest: ModelManifest) -> None:
    assert "none of them a trusted key" in check(store, manifest, OTHER)[0]
    tamper(store, manifest, signatures={})
    assert check(store, manifest, KEY) == ["unsigned"]
    assert check(store, manifest) == []


def test_a_changed_word_of_the_manifest_breaks_the_signature(store: MemoryStore, manifest: ModelManifest) -> None:
    tamper(store, manifest, metrics={"wer": 0.01})
    assert "was changed after signing" in check(store, manifest, KEY)[0]
    tamper(store, manifest, signatures={key_name(KEY.public_key()): "not base64"})
    assert "does not fit" in check(store, manifest, KEY)[0]


def sign_as_newer(store: MemoryStore, manifest: ModelManifest, **fields: object) -> None:
    """Put in place what a newer release of the same schema would have signed."""
    document = {
        **json.loads(stored(store, manifest)),
        "format": {**manifest.format.model_dump(), "of_2027": 1},
        **fields,
    }
    signatures = signer(KEY)(signed_bytes(json.dumps(document).encode()))
    tamper(store, manifest, **{**document, "signatures": dict(signatures)})


def test_a_manifest_signed_with_fields_of_a_newer_release_is_verified_in_full(
    store: MemoryStore, manifest: ModelManifest
) -> None:
    sign_as_newer(store, manifest, also_new={"a": [1]})
    assert check(store, manifest, KEY) == []
    tamper(store, manifest, also_new={"a": [2]})
    assert "was changed after signing" in check(store, manifest, KEY)[0], "a field we do not know is covered too"


def test_a_manifest_signed_before_a_field_was_added_is_still_verified(
    store: MemoryStore, manifest: ModelManifest
) -> None:
    document = {key: value for key, value in json.loads(stored(store, manifest)).items() if key != "report"}
    signatures = dict(signer(KEY)(signed_bytes(json.dumps(document).encode())))
    key = f"cardio/versions/{manifest.version}/manifest.json"
    store.put("models", key, json.dumps({**document, "signatures": signatures}).encode())
    assert check(store, manifest, KEY) == []


def test_a_manifest_that_says_a_field_twice_is_not_verified(store: MemoryStore, manifest: ModelManifest) -> None:
    twice = stored(store, manifest).replace(b'"metrics":', b'"metrics": {"wer": 0.0}, "metrics":', 1)
    store.put("models", f"cardio/versions/{manifest.version}/manifest.json", twice)
    with pytest.raises(ManifestInvalid, match="a field is there twice"):
        check(store, manifest, KEY)


def test_a_changed_byte_and_a_lost_file_are_named(store: MemoryStore, manifest: ModelManifest) -> None:
    prefix = f"cardio/versions/{manifest.version}/files/"
    data = bytearray(store.get("models", prefix + "model.bin"))
    data[1000] ^= 1
    store.put("models", prefix + "model.bin", bytes(data))
    store.delete("models", prefix + "smoke.wav")
    problems = check(store, manifest, KEY)
    assert len(problems) == 2
    assert problems[0].startswith("model.bin: ")
    assert problems[1].startswith("smoke.wav: ")


def test_a_version_that_is_not_there_or_of_a_newer_schema_is_refused(
    store: MemoryStore, manifest: ModelManifest
) -> None:
    with pytest.raises(VersionMissing, match="no version"):
        verify_version(store, "models", "cardio", "20200101T000000Z-000000000000", [])
    tamper(store, manifest, schema_version=99)
    with pytest.raises(ManifestInvalid, match="newer than this release"):
        check(store, manifest, KEY)


def test_keys_come_from_settings(tmp_path: Path) -> None:
    private, public = tmp_path / "key.pem", tmp_path / "key.pub"
    private.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    settings = SigningSettings(key=private, trusted=(public,))
    sign = signer_from_settings(settings)
    assert sign is not None
    assert list(sign(b"data")) == [key_name(trusted_keys(settings)[0])]
    assert signer_from_settings(SigningSettings(key=None)) is None


@pytest.mark.parametrize("content", [None, b"nonsense", "another algorithm"])
def test_a_key_that_is_none_is_refused_by_name(tmp_path: Path, content: bytes | str | None) -> None:
    path = tmp_path / "key.pem"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        key = generate_private_key(SECP256R1())
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(ProvenanceInvalid, match="signing key"):
        signer_from_settings(SigningSettings(key=path))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("key", [None, OTHER])
def test_with_trusted_keys_no_other_version_is_promoted_or_tried(
    store: MemoryStore, manifest: ModelManifest, tmp_path: Path, key: Ed25519PrivateKey | None
) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    promote(store, "models", "cardio", manifest.version, by="a", reason="r", at=now)
    untrusted = publish(store, tmp_path / "untrusted", key, hour=1).version
    refused = rf"cardio {untrusted} is refused: (unsigned|signed by .*, none of them a trusted key)"
    with pytest.raises(SignatureRefused, match=refused):
        promote(store, "models", "cardio", untrusted, by="a", reason="r", at=now, force=True)
    with pytest.raises(SignatureRefused, match=refused):
        rollback(store, "models", "cardio", by="a", reason="r", at=now, to=untrusted)
    with pytest.raises(SignatureRefused, match=refused):
        set_stage(store, "models", "cardio", untrusted, "canary", share=0.1, by="a", reason="r", at=now)
    assert read_decision(store, "models", "cardio").version == manifest.version
    assert set_stage(store, "models", "cardio", untrusted, "archived", by="a", reason="r", at=now)


def test_without_trusted_keys_an_unsigned_version_is_promoted(store: MemoryStore, tmp_path: Path) -> None:
    unsigned = publish(store, tmp_path / "unsigned", None)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert promote(store, "models", "cardio", unsigned.version, by="a", reason="r", at=now).number == 1
