"""The one question that promotion and loading ask of a version's signature, where trusted keys are set."""

from ..errors import ProvenanceInvalid, SignatureRefused
from ..settings import SigningSettings
from .manifest import ModelManifest


def require_trusted(manifest: ModelManifest, document: bytes) -> None:
    """Make sure that one of the keys of `CARABIN_SIGNING_TRUSTED` signed a version; without any, ask nothing.

    Args:
        document: the manifest's bytes as they are stored, which the signature covers.

    Raises:
        SignatureRefused: it is unsigned, or signed by another key, or was changed after it was signed.
        ProvenanceInvalid: a key cannot be read.
    """
    settings = SigningSettings.load()
    if not settings.trusted:
        return
    try:
        from .signing import describe_signature, trusted_keys  # only here does verifying need cryptography
    except ModuleNotFoundError as error:
        raise ProvenanceInvalid(
            f"CARABIN_SIGNING_TRUSTED is set and {error.name} is missing: install carabin-registry[signing]"
        ) from error
    signature = describe_signature(manifest, document, trusted_keys(settings))
    if not signature.trusted:
        raise SignatureRefused(f"{manifest.name} {manifest.version} is refused: {signature}")
