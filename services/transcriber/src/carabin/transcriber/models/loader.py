"""From a version's files to an engine that may serve, or a reason why not.

A model serves only after its own smoke dictation came out right and every window in use was decoded once, so that
the first speaker does not pay for allocations and kernels.
"""

import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from carabin.registry.artifacts.manifest import ModelManifest, Smoke
from carabin.registry.serving_window import FULL_WINDOW, WindowPolicy, frames_in, token_cap
from carabin.registry.word_error import smoke_error
from carabin.service.shortage import is_shortage

from ..core.api import Samples
from ..core.config import SAMPLE_RATE_HZ
from ..core.errors import DecodeFailed, DeviceFailed, DeviceShort, ModelBroken, ModelMismatch, SmokeFailed
from ..inference.engine import DecodeRequest, Engine, Hypothesis

WARM_WINDOWS = (300, 500, 750, 1000, 1500)
"""Almost every utterance falls into one of these; on a CPU the full window costs a second and warms nothing more."""

EngineFactory = Callable[[Path, str, WindowPolicy], Engine]
"""Loads a folder as an engine: (folder, version, windows)."""

Decode = Callable[[str, Engine, DecodeRequest], Hypothesis]
"""Runs one request on an engine that does not serve yet: (version, engine, request); raises DecodeFailed."""


@dataclass(frozen=True, slots=True)
class LoadedCandidate:
    """A version's files on the local disk."""

    version: str
    folder: Path
    manifest: ModelManifest | None = None
    """None for a local folder outside the registry."""

    @property
    def size_bytes(self) -> int:
        """The bytes of all its files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    @property
    def windows(self) -> WindowPolicy:
        return WindowPolicy() if self.manifest is None else self.manifest.window


def decode_now(version: str, engine: Engine, request: DecodeRequest) -> Hypothesis:
    """Decode on the calling thread."""
    del version
    [hypothesis], _ = engine.decode([request])
    return hypothesis


def load(candidate: LoadedCandidate, factory: EngineFactory, decode: Decode = decode_now) -> Engine:
    """Load, validate and warm a version.

    Args:
        decode: runs one request on the new engine; a service under load gives one that waits for its turn.

    Raises:
        ModelRefused: its subclasses give the reason; nothing stays loaded.
    """
    engine = factory(candidate.folder, candidate.version, candidate.windows)
    try:
        if candidate.manifest is not None:
            _compare(engine, candidate.manifest)
            if candidate.manifest.smoke is not None:
                _smoke(engine, candidate, candidate.manifest.smoke, decode)
        _warm(engine, candidate.version, decode)
    except BaseException:
        engine.close()
        raise
    return engine


def _compare(engine: Engine, manifest: ModelManifest) -> None:
    if engine.n_mels != manifest.format.n_mels:
        raise ModelMismatch(
            manifest.version, f"its manifest says {manifest.format.n_mels} mel bins, its weights take {engine.n_mels}"
        )


def _smoke(engine: Engine, candidate: LoadedCandidate, smoke: Smoke, decode: Decode) -> None:
    samples = read_wav(candidate.folder / smoke.path, candidate.version)
    n_frames = frames_in(len(samples))
    request = DecodeRequest(
        samples=samples,
        window_frames=engine.windows.window_for(n_frames),
        language=smoke.language,
        beam_size=5,
        max_tokens=token_cap(n_frames),
    )
    try:
        hypothesis = decode(candidate.version, engine, request)
    except DeviceFailed as error:
        raise DeviceShort(candidate.version, str(error)) from error
    except DecodeFailed as error:
        raise SmokeFailed(candidate.version, f"its smoke dictation cannot be decoded: {error}") from error
    error_rate = smoke_error(smoke.text, hypothesis.text)
    if error_rate > smoke.max_error:
        raise SmokeFailed(
            candidate.version,
            f"its smoke dictation came out with a word error rate of {error_rate:.2f}, over {smoke.max_error:.2f}",
        )


def _warm(engine: Engine, version: str, decode: Decode) -> None:
    silence = np.zeros(SAMPLE_RATE_HZ, np.float32)
    for window in WARM_WINDOWS:
        if engine.windows.window_for(1) <= window < FULL_WINDOW:
            request = DecodeRequest(samples=silence, window_frames=window, language="fr", max_tokens=1)
            try:
                decode(version, engine, request)
            except DeviceFailed as error:
                raise DeviceShort(version, str(error)) from error
            except DecodeFailed as error:
                raise ModelBroken(version, f"it cannot decode a window of {window} frames: {error}") from error


def read_wav(path: Path, version: str) -> Samples:
    """Read a 16 kHz mono 16-bit wav file into (n,) float32 in [-1, 1].

    Raises:
        ModelBroken: it is something else.
        DeviceShort: memory or files are short; it may be sound.
    """
    try:
        with wave.open(str(path)) as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (SAMPLE_RATE_HZ, 1, 2):
                raise ModelBroken(version, f"{path.name} is not 16 kHz mono of 16 bits")
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        refused = DeviceShort if is_shortage(error) else ModelBroken
        raise refused(version, f"{path.name} cannot be read: {error}") from error
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)
