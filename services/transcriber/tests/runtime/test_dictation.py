"""The contract of `service.Transcriber`: the fake that ships and the real one both keep it."""

import asyncio
import gc
import logging
import threading
import weakref
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from carabin.registry.stages.resolve import Decision
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.core.api import DictationStream, Samples, Transcriber
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.core.errors import (
    Draining,
    ImpossibleAudio,
    NotReady,
    Overloaded,
    SessionClosed,
    UnknownVocabulary,
    UnsupportedLanguage,
)
from carabin.transcriber.core.events import (
    AudioAcknowledged,
    Event,
    Final,
    FlushFinished,
    LanguageDetected,
    ModelChanged,
    Partial,
    SessionFailed,
    SessionWarning,
)
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.lexicons import Lexicons
from carabin.transcriber.models.loader import LoadedCandidate
from carabin.transcriber.models.prompt import Prompt
from carabin.transcriber.models.roles import ModelRoles
from carabin.transcriber.runtime.backlog import AudioBacklog
from carabin.transcriber.runtime.dictation import EngineDictation
from carabin.transcriber.runtime.served_models import ModelParts
from carabin.transcriber.runtime.transcriber import LiveTranscriber
from carabin.transcriber.settings.model import TranscriberSettings
from carabin.transcriber.streaming.session import STALL_S, Session
from carabin.transcriber.testing.engine import FakeEngine
from carabin.transcriber.testing.transcriber import FakeTranscriber

from ..helpers.pipeline import Bench, loudness_vad, silence, speech

__all__ = ["loudness_vad"]

pytestmark = pytest.mark.usefixtures("loudness_vad")

Make = Callable[..., Transcriber]


class StubSource:
    """Offers whichever version a test names."""

    def __init__(self, folder: Path, version: str | None) -> None:
        self._folder = folder
        self._version = version
        self.models: ModelRoles | None = None

    def fetch(self, version: str) -> LoadedCandidate:
        return LoadedCandidate(version, self._folder)

    def start(self, models: ModelRoles) -> None:
        self.models = models
        models.decide(Decision(version=self._version))

    def stop(self) -> None:
        return


class SwappableLive(LiveTranscriber):
    """The real transcriber over fake engines."""

    def __init__(
        self,
        folder: Path,
        version: str | None,
        max_sessions: int,
        gate: threading.Event | None,
        *,
        drain: bool = False,
    ) -> None:
        self.stub = StubSource(folder, version)
        lexicons = Lexicons()
        lexicons.read_folder(folder)
        super().__init__(
            TranscriberSettings(max_sessions=max_sessions, swap_when_short="drain" if drain else "refuse"),
            [ModelParts("whisper", self.stub, lexicons)],
            lambda _, version, __: FakeEngine(version, gate=gate),
            metrics=Metrics(),
            threads=ThreadSupervisor(),
            workers=2,
        )

    def swap(self, version: str) -> None:
        assert self.stub.models is not None
        self.stub.models.decide(Decision(version=version))


@pytest.fixture(params=["fake", "live"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Build either transcriber: `make(version=..., max_sessions=...)`."""
    (tmp_path / "cardiologie.txt").write_text("bisoprolol\n")

    def build(version: str | None = "v1", max_sessions: int = 100) -> Transcriber:
        if request.param == "fake":
            return FakeTranscriber(version=version, max_sessions=max_sessions, vocabularies=("cardiologie",))
        return SwappableLive(tmp_path, version, max_sessions, None)

    return build


@pytest.fixture
async def transcriber(make: Make) -> AsyncIterator[Transcriber]:
    transcriber = make()
    await start(transcriber)
    yield transcriber
    await transcriber.stop(0)


async def start(transcriber: Transcriber, version: str | None = "v1") -> None:
    await transcriber.start()
    if version is not None:
        await reach(transcriber, version)


async def reach(transcriber: Transcriber, version: str) -> None:
    async for info in transcriber.subscribe_model():
        if info.version == version and info.state == "steady":
            return


async def rest(dictation: DictationStream) -> list[Event]:
    """Finish, and return what is left to say."""
    await dictation.finish()
    return [event async for event in dictation.events()]


async def test_speech_becomes_finals_and_every_flush_is_answered(transcriber: Transcriber) -> None:
    dictation = transcriber.open(SessionConfig())
    dictation.push(speech(1))
    dictation.push(silence(0.6))
    dictation.push(speech(1))
    await dictation.flush()
    dictation.push(silence(0.1))
    events = await rest(dictation)
    finals = [event for event in events if isinstance(event, Final)]
    assert [final.utterance for final in finals] == [0, 1]
    assert all(final.text.startswith(" ") and final.model_version for final in finals)
    assert finals[0].end_s <= finals[1].start_s
    assert [event.audio_s for event in events if isinstance(event, FlushFinished)] == pytest.approx([2.6, 2.7])


async def test_nothing_follows_the_last_flush(transcriber: Transcriber) -> None:
    dictation = transcriber.open(SessionConfig())
    dictation.push(speech(0.5))
    events = await rest(dictation)
    assert isinstance(events[-1], FlushFinished)


async def test_partials_come_before_their_final_and_only_grow_in_stable_text(transcriber: Transcriber) -> None:
    dictation = transcriber.open(SessionConfig())
    for _ in range(20):
        dictation.push(speech(0.2))
        await asyncio.sleep(0)
    events = await rest(dictation)
    texts = [event for event in events if isinstance(event, Partial | Final)]
    assert isinstance(texts[-1], Final)
    partials = [event for event in texts if isinstance(event, Partial)]
    for before, after in pairwise(partials):
        assert after.stable.startswith(before.stable)
        assert after.revision > before.revision


async def test_audio_is_acknowledged_up_to_its_finals(transcriber: Transcriber) -> None:
    dictation = transcriber.open(SessionConfig())
    dictation.push(speech(1))
    events = await rest(dictation)
    [final] = [event for event in events if isinstance(event, Final)]
    assert [event for event in events if isinstance(event, AudioAcknowledged)][-1].audio_s >= final.end_s


async def test_word_times_are_there_when_asked_for(transcriber: Transcriber) -> None:
    for wanted in (True, False):
        dictation = transcriber.open(SessionConfig(word_timestamps=wanted))
        dictation.push(speech(1))
        [final] = [event for event in await rest(dictation) if isinstance(event, Final)]
        assert bool(final.words) is wanted


async def test_an_open_language_is_detected_and_sent(transcriber: Transcriber) -> None:
    dictation = transcriber.open(SessionConfig(language=None))
    dictation.push(speech(2))
    kinds = [type(event) for event in await rest(dictation)]
    assert kinds.index(LanguageDetected) < min(kinds.index(kind) for kind in kinds if kind in (Partial, Final))


async def test_a_finished_dictation_takes_no_more(transcriber: Transcriber) -> None:
    dictation = transcriber.open(SessionConfig())
    await dictation.finish()
    await dictation.finish()
    with pytest.raises(SessionClosed):
        dictation.push(speech(0.1))
    with pytest.raises(SessionClosed):
        await dictation.flush()


async def test_cancel_ends_the_events_at_once(transcriber: Transcriber) -> None:
    dictation = transcriber.open(SessionConfig())
    dictation.push(speech(1))
    dictation.cancel()
    assert not [event async for event in dictation.events() if isinstance(event, Final)]


async def test_a_recording_is_transcribed_whole(transcriber: Transcriber) -> None:
    audio = np.concatenate([speech(1), silence(1.1)] * 12)
    dictation = transcriber.open(SessionConfig(), recording=True)
    dictation.push(audio)
    finals = [event for event in await rest(dictation) if isinstance(event, Final)]
    assert [final.utterance for final in finals] == list(range(12))


async def test_the_next_utterance_is_written_by_the_new_model(transcriber: Transcriber) -> None:
    dictation = transcriber.open(SessionConfig())
    dictation.push(speech(1))
    await dictation.flush()
    transcriber.swap("v2")  # type: ignore[attr-defined]
    await reach(transcriber, "v2")
    dictation.push(speech(1))
    events = await rest(dictation)
    assert [event.model_version for event in events if isinstance(event, Final)] == ["v1", "v2"]
    assert [event for event in events if isinstance(event, ModelChanged)] == [ModelChanged("v2", "v1")]


async def test_a_language_nobody_knows_is_refused(transcriber: Transcriber) -> None:
    with pytest.raises(UnsupportedLanguage, match="'xx'"):
        transcriber.open(SessionConfig(language="xx"))


async def test_a_vocabulary_that_is_not_there_is_refused(transcriber: Transcriber) -> None:
    transcriber.open(SessionConfig(vocabularies=("cardiologie",))).cancel()
    with pytest.raises(UnknownVocabulary, match="cardiologie"):
        transcriber.open(SessionConfig(vocabularies=("astrologie",)))


async def test_one_session_too_many_is_refused_with_a_time_to_come_back(make: Make) -> None:
    transcriber = make(max_sessions=1)
    await start(transcriber)
    first = transcriber.open(SessionConfig())
    with pytest.raises(Overloaded) as refused:
        transcriber.open(SessionConfig())
    assert refused.value.retry_after_s > 0
    assert (transcriber.readiness().ready, transcriber.readiness().full) == (True, True)
    first.cancel()
    assert not transcriber.readiness().full
    transcriber.open(SessionConfig()).cancel()
    await transcriber.stop(0)


async def test_without_a_model_it_is_not_ready_and_says_why(make: Make) -> None:
    transcriber = make(version=None)
    await start(transcriber, None)
    readiness = transcriber.readiness()
    assert not readiness.ready
    assert readiness.reason
    with pytest.raises(NotReady):
        transcriber.open(SessionConfig())
    await transcriber.stop(0)


async def test_stopping_waits_for_the_open_sessions_and_takes_no_new_ones(make: Make) -> None:
    transcriber = make()
    await start(transcriber)
    dictation = transcriber.open(SessionConfig())
    dictation.push(speech(1))
    stopping = asyncio.create_task(transcriber.stop(30))
    await asyncio.sleep(0)
    with pytest.raises(Draining):
        transcriber.open(SessionConfig())
    assert not transcriber.readiness().ready
    assert [event for event in await rest(dictation) if isinstance(event, Final)]
    await stopping


async def test_a_fault_in_one_session_ends_it_alone_and_no_dictated_word_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    transcriber = SwappableLive(tmp_path, "v1", 10, None)
    await start(transcriber)
    broken, sound = transcriber.open(SessionConfig()), transcriber.open(SessionConfig())

    def fail(samples: object) -> None:
        raise ValueError("the patient said Dupont")

    monkeypatch.setattr(broken._session, "push", fail)
    with caplog.at_level(logging.DEBUG):
        broken.push(speech(1))
        sound.push(speech(1))
        [failure] = [event async for event in broken.events()]
        assert [event for event in await rest(sound) if isinstance(event, Final)]
    assert isinstance(failure, SessionFailed)
    assert "Dupont" not in failure.reason
    assert "Dupont" not in caplog.text
    assert " v10" not in caplog.text
    assert any(record.event == "session_error" for record in caplog.records)  # type: ignore[attr-defined]
    await transcriber.stop(0)


async def test_audio_that_had_to_wait_for_finals_is_taken_when_they_are_done(tmp_path: Path) -> None:
    gate = threading.Event()
    gate.set()
    transcriber = SwappableLive(tmp_path, "v1", 10, gate)
    await start(transcriber)
    gate.clear()
    dictation = transcriber.open(SessionConfig(partials=False))
    dictation.push(np.concatenate([speech(1), silence(0.6)] * 20))
    while dictation._session.accepts_audio:  # noqa: ASYNC110 - the sessions' thread is what it waits for
        await asyncio.sleep(0)
    assert dictation.behind_s > 0
    gate.set()
    assert len([event for event in await rest(dictation) if isinstance(event, Final)]) == 20
    await transcriber.stop(0)


@pytest.mark.parametrize("samples", [np.full(160, np.nan), speech(1) * 32768])
async def test_samples_that_cannot_be_audio_are_refused_before_anything_is_written(
    transcriber: Transcriber, samples: Samples
) -> None:
    dictation = transcriber.open(SessionConfig())
    with pytest.raises(ImpossibleAudio):
        dictation.push(samples)
    dictation.push(speech(1))
    assert [event for event in await rest(dictation) if isinstance(event, Final)]


async def test_a_recording_that_cannot_be_audio_is_refused(tmp_path: Path) -> None:
    transcriber = SwappableLive(tmp_path, "v1", 10, None)
    await start(transcriber)
    dictation = transcriber.open(SessionConfig(), recording=True)
    with pytest.raises(ImpossibleAudio):
        dictation.push(speech(30) * 32768)
    dictation.cancel()
    assert not transcriber.metrics.registry.get_sample_value("carabin_transcriber_sessions")
    await transcriber.stop(0)


async def test_there_is_room_at_once_while_little_waits(transcriber: Transcriber) -> None:
    dictation = transcriber.open(SessionConfig())
    await dictation.wait_for_room()
    dictation.push(speech(1))
    await dictation.wait_for_room()
    dictation.cancel()
    await dictation.wait_for_room()


async def test_a_session_that_is_far_behind_has_no_room_until_its_audio_was_processed(tmp_path: Path) -> None:
    gate = threading.Event()
    gate.set()
    transcriber = SwappableLive(tmp_path, "v1", 10, gate)
    await start(transcriber)
    gate.clear()
    dictation, other = (transcriber.open(SessionConfig(partials=False)) for _ in range(2))
    for _ in range(40):
        dictation.push(np.concatenate([speech(1), silence(0.8)]))
    waiting = asyncio.create_task(dictation.wait_for_room())
    await other.wait_for_room()
    assert not waiting.done()
    assert dictation.behind_s > 30
    gate.set()
    await asyncio.wait_for(waiting, 20)
    assert dictation.behind_s < 30
    assert len([event for event in await rest(dictation) if isinstance(event, Final)]) == 40
    await transcriber.stop(0)


async def test_the_services_own_pause_ends_no_utterance_and_the_clients_does() -> None:
    bench = Bench()
    parts = {"backlog": AudioBacklog(), "version": "v1", "closed": lambda *_: None}
    dictation = EngineDictation("s1", bench.context, SessionConfig(partials=False), lambda _: Prompt(), **parts)

    async def finals_after(wait_s: float) -> int:
        bench.time_s += wait_s
        dictation.tick()
        bench.deliver()
        bench.decode()
        await asyncio.sleep(0)
        return sum(isinstance(event, Final) for event in list(dictation._events._queue))

    dictation.push(speech(1))
    pausing = asyncio.create_task(dictation.wait_for_room(3600.0))
    await asyncio.sleep(0)
    assert not await finals_after(0.0)
    assert not await finals_after(8.0)
    pausing.cancel()
    await asyncio.gather(pausing, return_exceptions=True)
    assert not await finals_after(2.9)
    assert await finals_after(0.2) == 1
    dictation.cancel()


async def test_an_utterance_goes_on_while_its_clients_connection_is_broken() -> None:
    bench = Bench()
    parts = {"backlog": AudioBacklog(), "version": "v1", "closed": lambda *_: None}
    dictation = EngineDictation("s1", bench.context, SessionConfig(partials=False), lambda _: Prompt(), **parts)

    async def finals_after(wait_s: float) -> list[str]:
        bench.time_s += wait_s
        dictation.tick()
        bench.deliver()
        bench.decode()
        await asyncio.sleep(0)
        return [event.text for event in list(dictation._events._queue) if isinstance(event, Final)]

    dictation.push(speech(1))
    assert not await finals_after(0.0)
    dictation.hold()
    await dictation.wait_for_room()  # what was read before the connection broke
    assert not await finals_after(10.0)
    dictation.resume()
    assert not await finals_after(2.9)
    dictation.push(speech(1))
    dictation.push(silence(0.6))
    assert await finals_after(0.0) == [" mot0 mot1 mot2 mot3"]
    dictation.push(speech(1))
    await finals_after(0.0)
    assert len(await finals_after(3.1)) == 2, "a client that is back and sends nothing"
    dictation.cancel()


async def test_a_broken_connection_keeps_no_replaced_model_from_leaving() -> None:
    bench = Bench()
    parts = {"backlog": AudioBacklog(), "version": "v1", "closed": lambda *_: None}
    dictation = EngineDictation("s1", bench.context, SessionConfig(partials=False), lambda _: Prompt(), **parts)
    dictation.push(speech(1))
    bench.deliver()
    dictation.hold()
    old = bench.slot.current
    assert old is not None
    bench.slot.install(None, "a new model is being loaded")
    bench.time_s += STALL_S + 1
    dictation.tick()
    bench.deliver()
    bench.decode()
    assert old.idle.is_set(), "everybody's next utterance waits for this"
    dictation.cancel()


async def test_packets_that_waited_are_processed_as_one_but_neither_over_a_second_nor_across_a_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcriber = SwappableLive(tmp_path, "v1", 10, None)
    await start(transcriber)
    dictation = transcriber.open(SessionConfig(partials=False))
    taken: list[int] = []
    push = dictation._session.push

    def noted(samples: Samples) -> None:
        taken.append(len(samples))
        push(samples)

    monkeypatch.setattr(dictation._session, "push", noted)
    gate = threading.Event()
    dictation._decode_context.post(gate.wait)
    for packet in np.split(speech(2.5), 25):
        dictation.push(packet)
    flush = asyncio.create_task(dictation.flush())
    await asyncio.sleep(0)
    dictation.push(speech(0.1))
    gate.set()
    await asyncio.wait_for(flush, 20)
    assert [event for event in await rest(dictation) if isinstance(event, Final)]
    assert taken == [16_000, 16_000, 8_000, 1_600]
    await transcriber.stop(0)


async def test_what_was_cut_from_a_prompt_is_the_first_event(tmp_path: Path) -> None:
    transcriber = SwappableLive(tmp_path, "v1", 10, None)
    await start(transcriber)
    dictation = transcriber.open(SessionConfig(hotwords=" ".join(f"mot{i}" for i in range(142))))
    events = await rest(dictation)
    assert isinstance(events[0], SessionWarning)
    assert events[0].code == "prompt_cut"
    assert "30 of 142 expected words" in events[0].message
    await transcriber.stop(0)


async def test_cancelling_while_audio_is_processed_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client leaves between the look whether audio waits and the taking of it."""
    transcriber = SwappableLive(tmp_path, "v1", 10, None)
    await start(transcriber)
    dictation = transcriber.open(SessionConfig())
    loop, cancelled = asyncio.get_running_loop(), threading.Event()

    def cancel() -> None:
        dictation.cancel()
        cancelled.set()

    def accepts_audio(_: Session) -> bool:
        loop.call_soon_threadsafe(cancel)
        assert cancelled.wait(20)
        return True

    monkeypatch.setattr(Session, "accepts_audio", property(accepts_audio))
    dictation.push(speech(1))
    _ = [event async for event in dictation.events()]
    await transcriber.stop(0)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


PACKETS = (160, 511, 512, 513, 1600, 4096, 16_000, 40_000)


@pytest.mark.parametrize("packet", PACKETS)
@pytest.mark.parametrize("recording", [False, True])
async def test_a_swap_that_drains_loses_no_sample_and_ends_no_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packet: int, recording: bool
) -> None:
    """Memory holds one model: it is unloaded under live speech and long recordings, which wait for its successor."""
    loading, loaded = threading.Event(), threading.Event()
    transcriber = SwappableLive(tmp_path, "v1", 100, None, drain=True)
    await start(transcriber)
    monkeypatch.setattr(transcriber._served.default.roles.production, "_free_bytes", lambda: 0)

    def slow(_: Path, version: str, __: object) -> FakeEngine:
        loading.set()
        assert loaded.wait(20)
        return FakeEngine(version)

    monkeypatch.setattr(transcriber._served.default.roles.production, "_factory", slow)
    audio = np.concatenate([silence(0.3), *[speech(1), silence(1.2)] * 12])
    dictation = transcriber.open(SessionConfig(), recording=recording)
    third = len(audio) // 3
    dictation.push(audio[:third])
    transcriber.swap("v2")
    for start_at in range(third, len(audio), packet):
        dictation.push(audio[start_at : start_at + packet])
        await asyncio.sleep(0)
    finishing = asyncio.create_task(rest(dictation))
    await asyncio.to_thread(loading.wait, 20)
    loaded.set()
    events = await asyncio.wait_for(finishing, 60)
    assert not [event for event in events if isinstance(event, SessionFailed)]
    finals = [event for event in events if isinstance(event, Final)]
    assert len(finals) == 12
    assert {len(final.text.split()) for final in finals} == {2}
    await transcriber.stop(0)


async def test_what_only_the_garbage_collector_finds_is_freed_when_the_last_session_closes(tmp_path: Path) -> None:
    class Node:
        """Something that refers to itself."""

        def __init__(self) -> None:
            self.itself = self

    transcriber = SwappableLive(tmp_path, "v1", 10, None)
    await start(transcriber)
    gc.disable()
    try:
        garbage = weakref.ref(Node())
        first, last = transcriber.open(SessionConfig()), transcriber.open(SessionConfig())
        await first.finish()
        assert garbage() is not None
        await last.finish()
        async with asyncio.timeout(20):
            while garbage() is not None:  # noqa: ASYNC110  # the collector runs on another thread, without an event
                await asyncio.sleep(0)
    finally:
        gc.enable()
        await transcriber.stop(0)
