"""Where trusted keys are set, a version passes only with the signature of one of them over its stored document."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.artifacts.signing import signer
from carabin.registry.artifacts.trust import require_trusted
from carabin.registry.errors import ProvenanceInvalid, SignatureRefused
from carabin.registry.layout import manifest_key
from carabin.registry.testing.memory import MemoryStore
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ..conftest import FORMAT
from .conftest import KEY, OTHER


def version(folder: Path, key: Ed25519PrivateKey | None) -> tuple[ModelManifest, bytes]:
    """Publish a version and return its manifest with the document as it is stored."""
    store = MemoryStore()
    store.ensure_bucket("models")
    at = datetime(2026, 11, 23, tzinfo=UTC)
    sign = signer(key) if key else None
    manifest = publish_model(store, "models", "cardio", folder, at, format=FORMAT, sign=sign)
    return manifest, store.get("models", manifest_key("cardio", manifest.version))


@pytest.mark.usefixtures("trusted")
def test_a_version_signed_by_a_trusted_key_passes(folder: Path) -> None:
    require_trusted(*version(folder, KEY))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("key", "why"), [(None, "unsigned"), (OTHER, "none of them a trusted key")])
def test_an_unsigned_version_and_one_of_another_key_are_refused_by_name(
    folder: Path, key: Ed25519PrivateKey | None, why: str
) -> None:
    manifest, document = version(folder, key)
    with pytest.raises(SignatureRefused, match=f"cardio {manifest.version} is refused: .*{why}"):
        require_trusted(manifest, document)


@pytest.mark.usefixtures("trusted")
def test_a_document_that_was_changed_after_it_was_signed_is_refused(folder: Path) -> None:
    manifest, document = version(folder, KEY)
    changed = json.dumps({**json.loads(document), "metrics": {"wer": 0.01}}).encode()
    with pytest.raises(SignatureRefused, match="was changed after signing"):
        require_trusted(manifest, changed)


def test_without_trusted_keys_nothing_is_asked(folder: Path) -> None:
    require_trusted(*version(folder, None))


def test_a_trusted_key_that_is_not_there_refuses_rather_than_trusts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsigned = version(folder, None)
    for value in ('["/nowhere/key.pem"]', "not json"):
        monkeypatch.setenv("CARABIN_SIGNING_TRUSTED", value)
        with pytest.raises(ProvenanceInvalid, match=r"/nowhere/key\.pem|CARABIN_SIGNING_TRUSTED cannot be read"):
            require_trusted(*unsigned)
