"""The whole transcriber: a real S3 store, a real Whisper, a real voice."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.records import FileEntry
from carabin.registry.layout import file_key, vocabulary_key
from carabin.registry.s3_store import MinioStore
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.stages.promote import promote
from carabin.registry.testing.fixtures import s3_settings, s3_store
from carabin.registry.word_error import smoke_error
from carabin.transcriber.bootstrap import make_transcriber
from carabin.transcriber.core.api import DictationStream, ModelInfo, Samples
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.core.errors import ModelRefused, SmokeFailed
from carabin.transcriber.core.events import Event, Final, ModelChanged, Partial
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.models.loader import LoadedCandidate, load
from carabin.transcriber.runtime.transcriber import LiveTranscriber
from carabin.transcriber.settings.model import TranscriberSettings

from ..helpers.real_models import FORMAT, SECOND, SENTENCE, TRANSCRIPT, base_folder, publish, say, smoke, spoiled

__all__ = ["base_folder", "s3_settings", "s3_store"]

Condition = Callable[[ModelInfo], bool]

PAUSE = np.zeros(16_000, np.float32)
HELD = 28_000
"""Samples of a sentence after which the speaker holds a breath: enough for words that the model is certain of."""


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def bucket(s3_store: MinioStore) -> str:
    """One bucket for all tests of this module: a Whisper is published once."""
    s3_store.ensure_bucket("live")
    return "live"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def transcriber(
    base_folder: Path, s3_store: MinioStore, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LiveTranscriber]:
    """Serves a version of `whisper` from the store; each test takes it on with whichever the one before left."""
    first = publish(s3_store, bucket, base_folder, 1)
    s3_store.put(bucket, vocabulary_key("whisper", "cardiologie"), b"bisoprolol\nstenose mitrale\n")
    raise_to_production(s3_store, bucket, first.version)
    settings = TranscriberSettings(cache_dir=tmp_path_factory.mktemp("cache"), poll_s=0.2, device="cpu", workers=2)
    transcriber = make_transcriber(settings, store=s3_store, bucket=bucket)
    await transcriber.start()
    await until(transcriber, lambda info: info.state == "steady")
    yield transcriber
    await transcriber.stop(0)


def make_engine(folder: Path, version: str, windows: WindowPolicy) -> Ct2Engine:
    return Ct2Engine(folder, version=version, windows=windows, replicas=1)


def candidate(folder: Path, text: str = TRANSCRIPT) -> LoadedCandidate:
    entries = tuple(FileEntry(path=path.name, size=1, sha256="0" * 64) for path in folder.iterdir())
    manifest = ModelManifest(
        name="whisper", version="v1", created_at=datetime.now(UTC), files=entries, format=FORMAT, smoke=smoke(text)
    )
    return LoadedCandidate("v1", folder, manifest)


def raise_to_production(store: MinioStore, bucket: str, version: str) -> None:
    promote(store, bucket, "whisper", version, by="test", reason="test", at=datetime.now(UTC))


async def until(transcriber: LiveTranscriber, condition: Condition) -> ModelInfo:
    before = transcriber.model
    async for info in transcriber.subscribe_model():
        if condition(info):
            return info
        assert info == before or info.state != "failed", info.reason
    raise AssertionError


async def dictate(dictation: DictationStream, *pieces: Samples) -> None:
    audio = np.concatenate(pieces)
    for i in range(0, len(audio), 1600):
        dictation.push(audio[i : i + 1600])
        await asyncio.sleep(0)


async def rest(dictation: DictationStream) -> list[Event]:
    await dictation.finish()
    return [event async for event in dictation.events()]


def finals(events: list[Event]) -> list[Final]:
    return [event for event in events if isinstance(event, Final)]


async def test_a_promotion_in_mid_dictation_changes_the_model_and_loses_no_word(
    transcriber: LiveTranscriber,
    base_folder: Path,
    s3_store: MinioStore,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The speaker holds a breath in mid-word for as long as the swap takes.
    monkeypatch.setattr("carabin.transcriber.streaming.session.STALL_S", 600)
    second = publish(s3_store, bucket, base_folder, 2)
    dictation = transcriber.open(SessionConfig(word_timestamps=True))
    await dictate(dictation, say(SENTENCE), PAUSE, say(SENTENCE)[:HELD])
    raise_to_production(s3_store, bucket, second.version)
    await until(transcriber, lambda info: info.version == second.version)
    await dictate(dictation, say(SENTENCE)[HELD:], PAUSE, say(SECOND), PAUSE)
    events = await rest(dictation)
    texts = finals(events)
    assert [len(text.words) for text in texts[:2]] == [len(SENTENCE.split())] * 2
    assert max(smoke_error(SENTENCE, text.text) for text in texts[:2]) < 0.2  # one word may be misheard
    assert "propose un contrôle" in texts[2].text
    first = texts[0].model_version
    assert [text.model_version for text in texts] == [first, first, second.version]
    assert [event for event in events if isinstance(event, ModelChanged)] == [ModelChanged(second.version, first)]
    assert [event for event in events if isinstance(event, Partial)]
    assert all(word.probability > 0 for text in texts for word in text.words)


async def test_bytes_that_are_not_the_manifests_are_refused_and_dictation_goes_on(
    transcriber: LiveTranscriber, base_folder: Path, s3_store: MinioStore, bucket: str
) -> None:
    before = transcriber.model.version
    bad = publish(s3_store, bucket, base_folder, 3)
    key = file_key("whisper", bad.version, "tokenizer.json")
    data = bytearray(s3_store.get(bucket, key))
    data[1000] ^= 1
    s3_store.put(bucket, key, bytes(data))
    raise_to_production(s3_store, bucket, bad.version)
    info = await until(transcriber, lambda info: info.state == "failed")
    assert (info.version, info.target) == (before, bad.version)
    assert "SHA-256" in info.reason
    assert transcriber.readiness().ready
    dictation = transcriber.open(SessionConfig())
    await dictate(dictation, say(SENTENCE))
    assert [text.model_version for text in finals(await rest(dictation))] == [before]


async def test_sessions_with_different_prompts_and_languages_do_not_disturb_each_other(
    transcriber: LiveTranscriber,
) -> None:
    configs = [
        SessionConfig(),
        SessionConfig(hotwords="douleur thoracique", vocabularies=("cardiologie",)),
        SessionConfig(initial_prompt="Compte rendu de consultation de cardiologie, service du matin."),
        SessionConfig(language=None),
    ]
    dictations = [transcriber.open(config) for config in configs]
    await asyncio.gather(*(dictate(dictation, say(SENTENCE), PAUSE) for dictation in dictations))
    for dictation in dictations:
        [text] = finals(await rest(dictation))
        assert smoke_error(SENTENCE, text.text) <= 0.2


async def test_a_long_recording_is_cut_at_its_pauses(transcriber: LiveTranscriber) -> None:
    audio = np.concatenate([say(SENTENCE), PAUSE] * 3 + [say(SECOND)])
    dictation = transcriber.open(SessionConfig(), recording=True)
    dictation.push(audio)
    texts = finals(await rest(dictation))
    assert len(texts) == 4
    assert [smoke_error(SENTENCE, text.text) for text in texts[:3]] == [0, 0, 0]


async def test_a_model_that_talks_nonsense_is_refused(base_folder: Path) -> None:
    with pytest.raises(SmokeFailed, match="word error rate"):
        load(candidate(base_folder, "le foie est de taille normale"), make_engine)


async def test_a_model_without_its_tokenizer_is_refused(base_folder: Path, tmp_path: Path) -> None:
    folder = spoiled(base_folder, tmp_path / "bad")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelRefused, match=r"tokenizer\.json"):
        load(candidate(folder), make_engine)


MODEL_CHANGES = """
import sys
from pathlib import Path
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.core.memory import bound_heap, resident_bytes
from carabin.transcriber.models.loader import LoadedCandidate, load
bound_heap()
candidate = LoadedCandidate("v1", Path(sys.argv[1]))
current = None
for _ in range(6):
    following = load(candidate, lambda folder, version, windows: Ct2Engine(folder, version=version, windows=windows))
    if current is not None:
        current.close()
        print(resident_bytes())
    current = following
"""


async def test_memory_is_back_at_its_base_after_each_change_of_model(base_folder: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MODEL_CHANGES, str(base_folder), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await child.communicate()
    assert child.returncode == 0
    first, *later = map(int, printed.split())
    # A model that was kept is 80 MB as int8.
    assert max(later) - first < 40_000_000


REPEATED = "Le patient n'a pas de fièvre. " * 8


async def test_a_prompt_is_not_written_onto_silence(transcriber: LiveTranscriber) -> None:
    dictation = transcriber.open(SessionConfig(use_vad=False, initial_prompt=REPEATED))
    await dictate(dictation, *[PAUSE] * 4)
    events = await rest(dictation)
    assert not finals(events)
    assert not [event for event in events if isinstance(event, Partial)]


async def test_a_prompt_that_repeats_itself_does_not_replace_what_was_spoken(transcriber: LiveTranscriber) -> None:
    """With this prompt a stock Whisper base writes the prompt's "présence" for the spoken "absence"."""
    dictation = transcriber.open(SessionConfig(initial_prompt="Présence de fracture. " * 6))
    await dictate(dictation, say("Absence de fracture."), PAUSE)
    text = " ".join(final.text for final in finals(await rest(dictation))).casefold()
    assert "absence de fracture" in text
    assert "présence" not in text
