"""Who made a version: an Ed25519 signature over its manifest, and the check of it.

Everything here but the settings needs `cryptography`, the extra `signing`: import this module where a key is set.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from ..errors import ProvenanceInvalid
from ..settings import SigningSettings
from ..store import ObjectStore
from .bundle import Progress
from .manifest import ModelManifest, signed_bytes
from .publish import Signer, read_manifest_and_document
from .verify import verify_files

ALGORITHM: Final = "ed25519"


def signer_from_settings(settings: SigningSettings | None = None) -> Signer | None:
    """Return what signs manifests, or None where no key is set.

    Raises:
        ProvenanceInvalid: the key cannot be read.
    """
    path = (settings or SigningSettings.load()).key
    return signer(read_private_key(path)) if path else None


def signer(key: Ed25519PrivateKey) -> Signer:
    """Return a signer; the signature's name is the key's, so that several may sign one manifest."""

    def sign(data: bytes) -> Mapping[str, str]:
        return {key_name(key.public_key()): base64.b64encode(key.sign(data)).decode()}

    return sign


def key_name(key: Ed25519PublicKey) -> str:
    """Return `ed25519:` and 16 hex digits of the raw public key's SHA-256."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return f"{ALGORITHM}:{hashlib.sha256(raw).hexdigest()[:16]}"


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Read an unencrypted PEM file, as `openssl genpkey -algorithm ed25519` writes it.

    Raises:
        ProvenanceInvalid: it is not there, or not an Ed25519 private key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ProvenanceInvalid(f"{path}: the signing key cannot be read: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ProvenanceInvalid(f"{path}: the signing key is not an Ed25519 key")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Read a PEM file, as `openssl pkey -pubout` writes it.

    Raises:
        ProvenanceInvalid: it is not there, or not an Ed25519 public key.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ProvenanceInvalid(f"{path}: the public key cannot be read: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ProvenanceInvalid(f"{path}: the public key is not an Ed25519 key")
    return key


def trusted_keys(settings: SigningSettings | None = None) -> tuple[Ed25519PublicKey, ...]:
    """Return the public keys that `CARABIN_SIGNING_TRUSTED` names."""
    return tuple(read_public_key(path) for path in (settings or SigningSettings.load()).trusted)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a manifest, in words, and whether that is a trusted key whose signature fits."""

    words: str
    trusted: bool = False

    def __str__(self) -> str:
        return self.words


def describe_signature(manifest: ModelManifest, document: bytes, trusted: Sequence[Ed25519PublicKey]) -> Signature:
    """Say who signed: nobody, a trusted key, another, or a trusted key something else.

    Args:
        document: the manifest's bytes as they are stored, which the signature covers whatever this release reads.

    Raises:
        ManifestInvalid: the document can be read in two ways.
    """
    if not manifest.signatures:
        return Signature("unsigned")
    covered = signed_bytes(document)
    for key in trusted:
        if _signed_by(manifest.signatures, covered, key):
            return Signature(f"signed by {key_name(key)}, which is trusted", trusted=True)
        if key_name(key) in manifest.signatures:
            return Signature(f"the signature of {key_name(key)} does not fit: the manifest was changed after signing")
    return Signature(f"signed by {', '.join(manifest.signatures)}, none of them a trusted key")


def _signed_by(signatures: Mapping[str, str], covered: bytes, key: Ed25519PublicKey) -> bool:
    try:
        key.verify(base64.b64decode(signatures[key_name(key)], validate=True), covered)
    except (KeyError, ValueError, InvalidSignature):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Verification:
    """What a stored version was found to be."""

    manifest: ModelManifest
    signature: Signature
    problems: list[str]
    """One sentence each; empty for a version that is sound."""


def verify_version(
    store: ObjectStore,
    bucket: str,
    name: str,
    version: str,
    trusted: Sequence[Ed25519PublicKey] | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Read every byte of a version again and compare it with its manifest, and the manifest with its signature.

    Args:
        trusted: the keys that count; None takes those of `CARABIN_SIGNING_TRUSTED`. With none at all, a missing
            signature is no problem; the signature's words say that it is missing.
        progress: called with each file's path and its bytes once it is read.

    Raises:
        RegistryError: there is no such version, or its manifest cannot be read.
    """
    keys = trusted_keys() if trusted is None else tuple(trusted)
    manifest, document = read_manifest_and_document(store, bucket, name, version)
    signature = describe_signature(manifest, document, keys)
    problems = verify_files(store, bucket, manifest, progress)
    if keys and not signature.trusted:
        problems.append(str(signature))
    return Verification(manifest, signature, problems)
