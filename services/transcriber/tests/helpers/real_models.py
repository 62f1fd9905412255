"""A real Whisper base and a real voice, for the tests that need words; both come from installed wheels."""

import functools
import json
import shutil
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.artifacts.manifest import ModelFormat, ModelManifest, Smoke
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.store import ObjectStore
from carabin.trainer.models.embedded import install_base_model
from carabin.transcriber.core.api import Samples
from carabin.transcriber.inference.ct2 import Ct2Engine
from py_nanotts import NanoTTS

SENTENCE = "Le patient présente une douleur thoracique depuis ce matin."
TRANSCRIPT = "le patient présente une douleur thoracique depuis ce matin"
"""What a stock Whisper base makes of it, on every window."""
SECOND = "Je propose un contrôle dans trois mois."
FORMAT = ModelFormat(quantization="float16", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")


@functools.cache
def say(text: str) -> Samples:
    """Return the sentence, spoken: (n,) float32 at 16 kHz."""
    data = NanoTTS().speak(text, voice="fr-FR")
    return np.frombuffer(data, np.int16).astype(np.float32) / np.float32(32768)


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Whisper base as a CTranslate2 folder, with a smoke dictation; not to be changed."""
    folder = tmp_path_factory.mktemp("models") / "base"
    install_base_model(folder)
    write_wav(folder / "smoke.wav", say(SENTENCE))
    return folder


@pytest.fixture(scope="session")
def engine(base_folder: Path) -> Ct2Engine:
    """Whisper base, loaded as int8 on one core."""
    return Ct2Engine(base_folder, replicas=1)


def write_wav(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def smoke(text: str = TRANSCRIPT) -> Smoke:
    return Smoke(path="smoke.wav", language="fr", text=text, max_error=0.2)


def publish(store: ObjectStore, bucket: str, folder: Path, hour: int, text: str = TRANSCRIPT) -> ModelManifest:
    """Publish a folder as the version of an hour."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
    return publish_model(store, bucket, "whisper", folder, at, format=FORMAT, smoke=smoke(text))


def spoiled(base: Path, target: Path) -> Path:
    """Return a copy of the folder whose files may be broken: the large one is a link, replaced before it is written."""
    target.mkdir()
    for path in base.iterdir():
        if path.name == "model.bin":
            (target / path.name).symlink_to(path)
        else:
            shutil.copyfile(path, target / path.name)
    return target


def set_mels(folder: Path, n_mels: int) -> None:
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"feature_size": n_mels}))
