"""One upload on its way to text: its finals, its warnings, and each way in which it can end, in the audit record."""

import asyncio
import io
import wave

import numpy as np
import pytest
from carabin.service.access.identity import Identity
from carabin.transcriber.core.config import SessionConfig
from carabin.transcriber.core.errors import DecodeFailed, Draining
from carabin.transcriber.core.events import Final, SessionWarning
from carabin.transcriber.openai_api.job import NO_SPEECH, UploadJob
from carabin.transcriber.openai_api.upload import AudioUpload
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.wire.admission import Admission, AdmittedSession
from carabin.transcriber.wire.errors import SessionTooLong, WrongAudioFormat
from carabin.transcriber.wire.metrics import WireMetrics
from prometheus_client import CollectorRegistry

from ..helpers.servers import until
from .recordings import RATE_HZ, recording


class Ended:
    """An admission whose clock the test turns, and how its sessions ended."""

    def __init__(self, **options: float) -> None:
        self.registry = CollectorRegistry()
        self.now_s = 0.0
        self.transcriber = FakeTranscriber()
        self.admission = Admission(
            self.transcriber,
            sessions_per_identity=1,
            metrics=WireMetrics(self.registry),
            clock=lambda: self.now_s,
            **options,
        )

    async def job(self, content: bytes) -> tuple[UploadJob, AdmittedSession]:
        await self.transcriber.start()
        config = SessionConfig(partials=False)
        admitted = self.admission.admit(config, Identity("ward-1"), "rest", "10.0.0.7", recording=True)
        return UploadJob(AudioUpload(io.BytesIO(content), config, "json", stream=False), admitted), admitted

    def count(self, outcome: str) -> float:
        labels = {"protocol": "rest", "outcome": outcome}
        return self.registry.get_sample_value("carabin_transcriber_wire_sessions_total", labels) or 0.0


def wav(samples: np.ndarray) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as output:
        output.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        output.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


async def finals(job: UploadJob) -> list[Final]:
    return [final async for final in job.run()]


async def test_recording_becomes_its_finals_and_its_length_is_counted() -> None:
    ended = Ended()
    job, admitted = await ended.job(recording())
    written = await finals(job)
    assert [final.text for final in written] == [" le patient", " le patient"]
    assert job.finals == written
    assert job.audio_s == admitted.record.audio_s == pytest.approx(3.4, abs=0.01)
    assert job.warnings() == []
    assert (ended.count("ended"), ended.admission.sessions) == (1.0, set())


async def test_what_the_prompt_could_not_hold_is_said_with_the_text() -> None:
    ended = Ended()
    job, _ = await ended.job(recording())
    [dictation] = ended.transcriber.dictations.values()
    cut = "the prompt holds 223 tokens: 2800 of 3000 expected words did not fit and are not used"
    dictation.emit(SessionWarning("prompt_cut", cut))
    assert await finals(job)
    assert job.warnings() == [cut]


async def test_recording_without_speech_says_so() -> None:
    job, _ = await Ended().job(wav(np.zeros(RATE_HZ)))
    assert await finals(job) == []
    assert job.warnings() == [f"{NO_SPEECH}: it holds only silence"]


async def test_reader_that_stops_ends_the_work_and_frees_its_place() -> None:
    ended = Ended()
    job, _ = await ended.job(recording())
    running = job.run()
    await anext(running)
    await running.aclose()
    assert (ended.count("closed_by_client"), ended.admission.sessions) == (1.0, set())
    assert ended.transcriber.dictations == {}


async def test_job_that_never_ran_is_closed_once() -> None:
    ended = Ended()
    job, _ = await ended.job(recording())
    job.close()
    job.close("ended")
    assert (ended.count("closed_by_client"), ended.count("ended")) == (1.0, 0.0)


async def test_session_that_fails_is_an_error_after_what_was_written_before() -> None:
    ended = Ended()
    job, _ = await ended.job(recording())
    [dictation] = ended.transcriber.dictations.values()
    dictation.push(np.concatenate([np.full(RATE_HZ, 0.5, np.float32), np.zeros(RATE_HZ, np.float32)]))
    dictation.fail("the engine is gone")
    with pytest.raises(DecodeFailed):
        await finals(job)
    assert [final.text for final in job.finals] == [" le patient présente"]
    assert (ended.count("ended"), ended.admission.sessions) == (0.0, set())


async def test_upload_over_the_longest_session_keeps_the_text_until_there() -> None:
    ended = Ended(session_s=0.0)
    job, _ = await ended.job(recording())
    [dictation] = ended.transcriber.dictations.values()
    dictation.push(np.full(RATE_HZ, 0.5, np.float32))
    dictation.room.clear()
    with pytest.raises(SessionTooLong, match="the rest was not transcribed"):
        await finals(job)
    assert [final.text for final in job.finals] == [" le patient présente"]
    assert ended.count("session_too_long") == 1.0


async def test_service_that_drains_stops_the_feeding() -> None:
    ended = Ended()
    job, admitted = await ended.job(recording())
    admitted.ending.set()
    with pytest.raises(Draining):
        await finals(job)
    assert (job.audio_s, ended.count("draining")) == (0.0, 1.0)


async def test_samples_that_do_not_fit_the_header_name_what_they_probably_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = Ended()
    loud = np.random.default_rng(0).normal(0, 3000, RATE_HZ).astype("<f4")
    header = wav(np.zeros(1))[:44]
    # A header of 32-bit floats over samples that were never scaled to [-1, 1].
    floats = bytearray(header)
    floats[20:22], floats[28:32], floats[32:36] = b"\x03\x00", (4 * RATE_HZ).to_bytes(4, "little"), b"\x04\x00\x20\x00"
    floats[40:44] = (loud.nbytes).to_bytes(4, "little")
    job, _ = await ended.job(bytes(floats) + loud.tobytes())
    with pytest.raises(WrongAudioFormat, match="the file's header does not fit its samples"):
        await finals(job)
    assert ended.count("impossible_audio") == 1.0


async def test_recording_is_fed_only_as_there_is_room() -> None:
    ended = Ended()
    job, _ = await ended.job(wav(np.zeros(120 * RATE_HZ)))
    [dictation] = ended.transcriber.dictations.values()
    dictation.room.clear()
    task = asyncio.create_task(finals(job))
    await until(lambda: dictation.pushed_samples)
    fed = dictation.pushed_samples
    assert fed < 120 * RATE_HZ
    dictation.room.set()
    await task
    assert dictation.pushed_samples == 120 * RATE_HZ
