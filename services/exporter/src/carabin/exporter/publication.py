"""From a proven folder to a visible model version, with everything that is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version as release
from pathlib import Path
from typing import Final

from carabin.registry.bundle import Progress, describe_folder
from carabin.registry.checkpoints import WindowPolicy
from carabin.registry.errors import PreconditionFailed
from carabin.registry.manifest import ModelFormat, ModelManifest, Smoke
from carabin.registry.publish import Signer, publish_model, read_manifest
from carabin.registry.records import version_id
from carabin.registry.store import ObjectStore

from .checkpoint import CheckpointFacts
from .smoke import MAX_SMOKE_ERROR, SMOKE_FILE, SmokeDictation
from .source import Background

TOOLS: Final = ("carabin-exporter", "ctranslate2", "faster-whisper", "tokenizers", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class Publication:
    """What the exporter found out about one form of a model."""

    quantization: str
    facts: CheckpointFacts
    smoke: SmokeDictation
    window: WindowPolicy
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Of the gate, beside those that the checkpoint brought."""


def publish(
    store: ObjectStore,
    bucket: str,
    name: str,
    folder: Path,
    created_at: datetime,
    publication: Publication,
    background: Background,
    *,
    sign: Signer | None = None,
    progress: Progress | None = None,
) -> ModelManifest:
    """Publish `folder` as a candidate, or return the version that these very bytes are already."""
    facts, smoke = publication.facts, publication.smoke
    try:
        return publish_model(
            store,
            bucket,
            name,
            folder,
            created_at,
            format=ModelFormat(
                quantization=publication.quantization,
                n_mels=facts.n_mels,
                n_languages=facts.n_languages,
                vocabulary_size=facts.vocabulary_size,
                ctranslate2=release("ctranslate2"),
            ),
            smoke=Smoke(path=SMOKE_FILE, language=smoke.language, text=smoke.text, max_error=MAX_SMOKE_ERROR),
            min_window_frames=publication.window.min_frames,
            window_margin_frames=publication.window.margin_frames,
            source=background.source,
            metrics={**background.metrics, **publication.metrics},
            report=background.report,
            provenance=tool_releases(),
            sign=sign,
            progress=progress,
        )
    except PreconditionFailed:
        return read_manifest(store, bucket, name, version_id(created_at, describe_folder(folder)))


def tool_releases() -> dict[str, str]:
    """Return the release of everything that had a hand in the bytes."""
    return {tool: release(tool) for tool in TOOLS}
