"""The JSON written last, whose existence makes a model version visible."""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..errors import ManifestInvalid
from ..serving_window import DEFAULT_MIN_WINDOW_FRAMES, DEFAULT_WINDOW_MARGIN_FRAMES, WindowPolicy
from .records import Manifest, Metrics, SafePath


class ModelFormat(BaseModel):
    """How the weights are stored and which Whisper family they are of."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    quantization: str = Field(description="CTranslate2's name of the stored type, such as float16 or int8_float16")
    n_mels: int = Field(gt=0, description="mel bins: 80, or 128 from large-v3 on")
    n_languages: int = Field(ge=0, description="99 or 100; 0 for English only")
    vocabulary_size: int = Field(gt=0, description="rows of the token embedding")
    ctranslate2: str = Field(description="release that converted it")


class Smoke(BaseModel):
    """A dictation kept in the version, which every later load must transcribe before it may serve."""

    model_config = ConfigDict(frozen=True)

    path: SafePath = Field(description="a wav file of the version: 16 kHz, mono")
    language: str
    text: str = Field(min_length=1, description="what the converted model transcribed when it was published")
    max_error: float = Field(ge=0, description="greatest word error rate against `text` that a load may show")


class ModelManifest(Manifest):
    """One immutable CTranslate2 folder, ready for faster-whisper."""

    name: str
    version: str
    format: ModelFormat
    smoke: Smoke | None = None
    metrics: Metrics = Field(default_factory=dict)
    report: str | None = Field(default=None, description="bucket and key of the evaluation report")
    provenance: dict[str, str] = Field(default_factory=dict, description="commit, tools and releases that made it")
    min_window_frames: int = Field(
        default=DEFAULT_MIN_WINDOW_FRAMES, gt=0, description="smallest safe encoder window, in 10 ms mel frames"
    )
    window_margin_frames: int = Field(
        default=DEFAULT_WINDOW_MARGIN_FRAMES, ge=0, description="frames that the window must outlast the speech"
    )
    signatures: dict[str, str] = Field(
        default_factory=dict, description="signature of the `signed_bytes` of this document, by key name"
    )

    @property
    def window(self) -> WindowPolicy:
        """The windows in which it was validated, and in which it is served."""
        return WindowPolicy(min_frames=self.min_window_frames, margin_frames=self.window_margin_frames)

    @model_validator(mode="after")
    def _smoke_is_a_file(self) -> Self:
        if self.smoke and self.smoke.path not in {entry.path for entry in self.files}:
            raise ValueError(f"the smoke dictation {self.smoke.path} is not among the files")
        return self


def signed_bytes(document: bytes) -> bytes:
    """Return what a signature of a manifest covers: all of its JSON but the signatures, in a canonical form.

    Taken from the document as it is stored, not from what this release understands of it: a field that a newer release
    added is covered, and a release that adds fields still verifies what was signed before.

    Raises:
        ManifestInvalid: it is no JSON object, or says a field twice, of which two readers could see one each.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) < len(pairs):
            raise ValueError("a field is there twice")
        return fields

    try:
        fields = json.loads(document, object_pairs_hook=once)
    except ValueError as error:
        raise ManifestInvalid(f"the manifest cannot be verified: {error}") from error
    if not isinstance(fields, dict):
        raise ManifestInvalid("the manifest cannot be verified: it is no JSON object")
    fields.pop("signatures", None)
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
