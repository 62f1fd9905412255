"""Publishes a validated folder as a model version, with everything that is known of it."""

from datetime import datetime
from importlib.metadata import version as release
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.bundle import describe_folder
from carabin.registry.artifacts.manifest import ModelFormat, ModelManifest, Smoke
from carabin.registry.artifacts.publish import Signer, publish_model, read_manifest
from carabin.registry.artifacts.records import version_id
from carabin.registry.errors import PreconditionFailed
from carabin.registry.store import ObjectStore

from ..sources import Background
from ..validation.result import Validated
from ..validation.smoke import MAX_SMOKE_ERROR, SMOKE_FILE

TOOLS: Final = ("carabin-exporter", "ctranslate2", "faster-whisper", "tokenizers", "torch", "transformers")


def publish(
    store: ObjectStore,
    bucket: str,
    name: str,
    folder: Path,
    created_at: datetime,
    validated: Validated,
    background: Background,
    *,
    sign: Signer | None = None,
) -> ModelManifest:
    """Publish `folder` as a candidate, or return the version that these very bytes are already."""
    facts, smoke = validated.facts, validated.smoke
    try:
        return publish_model(
            store,
            bucket,
            name,
            folder,
            created_at,
            format=ModelFormat(
                quantization=validated.quantization,
                n_mels=facts.n_mels,
                n_languages=facts.n_languages,
                vocabulary_size=facts.vocabulary_size,
                ctranslate2=release("ctranslate2"),
            ),
            smoke=Smoke(path=SMOKE_FILE, language=smoke.language, text=smoke.text, max_error=MAX_SMOKE_ERROR),
            min_window_frames=validated.window.min_frames,
            window_margin_frames=validated.window.margin_frames,
            source=background.source,
            metrics={**background.metrics, **validated.metrics},
            report=background.report,
            provenance=tool_releases(),
            sign=sign,
        )
    except PreconditionFailed:
        return read_manifest(store, bucket, name, version_id(created_at, describe_folder(folder)))


def tool_releases() -> dict[str, str]:
    """Return the release of every tool that made the bytes."""
    return {tool: release(tool) for tool in TOOLS}
