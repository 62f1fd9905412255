"""The soak's clients: speakers whose connections break, uploads, and a gRPC stream."""

import asyncio
import io
import itertools
import random
import time
import wave
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import grpc
import httpx
import numpy as np
from carabin.client import (
    ClientError,
    FinalText,
    LiveDictation,
    Options,
    Resumed,
    ServerBusy,
    ServerUnreachable,
    connect,
)
from carabin.registry.testing.relay import Relay
from carabin.transcriber.v1 import transcriber_pb2 as pb
from carabin.transcriber.v1.transcriber_pb2_grpc import TranscriberServiceStub
from live_audio import RATE_HZ, Samples
from soak_speech import COVERED, Clip, Placed, coverage, script

PACKETS = (161, 333, 512, 1600, 2500, 4095, 4096, 7001, 16_000)
"""Samples that a client may send at a time; few are multiples of what voice activity detection takes."""
SHORT_S = 3.0
RESUME_S = 20.0
"""How long the server of the soak keeps a session; a long break is longer."""
LONG_S = 30.0
LAST_WORDS_S = 180.0
"""A server short of cores may be late with the last final."""


@dataclass(slots=True)
class Counts:
    """What happened so far, over all clients."""

    dictations: int = 0
    sentences: int = 0
    finals: int = 0
    lost: int = 0
    repeated: int = 0
    breaks: int = 0
    new_sessions: int = 0
    """Breaks after which the server no longer knew the session."""
    uploads: int = 0
    bad: int = 0
    late_uploads: int = 0
    """Uploads without an answer within the client's patience: live sessions go first where cores are short."""
    busy: int = 0
    unopened: int = 0
    """Dictations that could not begin within the client's patience: on a machine that is short of cores, no loss."""
    notes: list[str] = field(default_factory=list)
    """What was lost or repeated, where."""
    last_breaks: dict[str, list[str]] = field(default_factory=dict)
    """The breaks of each speaker's newest dictation."""
    troubles: Counter[str] = field(default_factory=Counter)
    """What must not happen, each kind counted."""

    def trouble(self, what: str) -> None:
        self.troubles[what] += 1


@dataclass(frozen=True, slots=True)
class Scene:
    """What all clients share."""

    port: int
    grpc_port: int
    keys: Sequence[str]
    clips: Sequence[Clip]
    reference: Sequence[float]
    """What finals cover of each clip in a quiet session."""
    until_s: float
    """On the monotonic clock: no new dictation begins after it."""
    duty: float
    counts: Counts

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.until_s

    def bearer(self, who: int) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who % len(self.keys)]}"}


async def speak_for_ever(scene: Scene, number: int) -> None:
    """Dictate again and again over a connection of one's own, which breaks now and then."""
    rng = random.Random(number)
    async with Relay("127.0.0.1", scene.port).running() as relay:
        while not scene.over:
            chosen = rng.choices(range(len(scene.clips)), k=rng.randint(1, 3))
            spoken = script(scene.clips, chosen, scene.duty, tail_s=2.0)
            try:
                finals = await _dictate(scene, relay, spoken.samples, number, rng)
            except ServerBusy as error:
                scene.counts.busy += 1
                await asyncio.sleep(min(error.retry_after_s, 10.0))
                continue
            except ServerUnreachable:
                scene.counts.unopened += 1
                await asyncio.sleep(SHORT_S)
                continue
            except ClientError as error:
                scene.counts.trouble(f"a dictation ended with {type(error).__name__}")
                continue
            finally:
                relay.refusing = False
            _judge(scene, spoken.said, finals, f"speaker {number}")


def _judge(scene: Scene, said: Sequence[Placed], finals: Sequence[FinalText], who: str) -> None:
    counts = scene.counts
    counts.dictations += 1
    counts.sentences += len(said)
    counts.finals += len(finals)
    repeated = [one for before, one in itertools.pairwise(finals) if one.start_s < before.end_s - 0.001]
    lost = [each for each in said if coverage(each, finals) < COVERED * scene.reference[each.clip]]
    counts.repeated += len(repeated)
    counts.lost += len(lost)
    if lost or repeated:
        # Times alone: which breaks stood between them is what one wants to know.
        spans = " ".join(f"{one.start_s:.1f}-{one.end_s:.1f}" for one in finals)
        counts.notes.append(
            f"{who}: lost {' '.join(f'{one.start_s:.1f}-{one.end_s:.1f}' for one in lost) or 'nothing'}, "
            f"repeated {' '.join(f'{one.start_s:.1f}' for one in repeated) or 'nothing'}; finals {spans}; "
            f"breaks {' '.join(counts.last_breaks.get(who, []))}"
        )


async def dictate_quietly(port: int, key: str, samples: Samples) -> list[FinalText]:
    """Dictate in real time over a connection that nothing breaks."""
    async with connect(f"ws://127.0.0.1:{port}", Options(), token=key) as dictation:
        reading = asyncio.create_task(_read(dictation, Counts()))
        await _send(dictation, samples, random.Random(0), None)
        await dictation.finish()
        return await asyncio.wait_for(reading, LAST_WORDS_S)


async def _dictate(scene: Scene, relay: Relay, samples: Samples, number: int, rng: random.Random) -> list[FinalText]:
    url, key = f"ws://127.0.0.1:{relay.port}", scene.keys[number % len(scene.keys)]
    async with connect(url, Options(word_timestamps=bool(number % 2)), token=key, resume_s=120.0) as dictation:
        reading = asyncio.create_task(_read(dictation, scene.counts))
        breaks = scene.counts.last_breaks[f"speaker {number}"] = []
        breaking = asyncio.create_task(_break(relay, len(samples) / RATE_HZ, rng, breaks))
        try:
            await _send(dictation, samples, rng, reading)
            await breaking
            await dictation.finish()
            return await asyncio.wait_for(reading, LAST_WORDS_S)
        except TimeoutError as error:
            raise ClientError(f"nothing came for {LAST_WORDS_S:.0f} s after the end") from error
        finally:
            relay.refusing = False
            for task in (reading, breaking):
                task.cancel()
            await asyncio.gather(reading, breaking, return_exceptions=True)


async def _send(
    dictation: LiveDictation, samples: Samples, rng: random.Random, reading: asyncio.Task[list[FinalText]] | None
) -> None:
    started_s, place, size = time.monotonic(), 0, rng.choice(PACKETS)
    while place < len(samples) and not (reading and reading.done()):
        part = samples[place : place + size]
        place += len(part)
        await asyncio.sleep(max(0.0, started_s + place / RATE_HZ - time.monotonic()))
        await dictation.send(part)


async def _break(relay: Relay, dictation_s: float, rng: random.Random, breaks: list[str]) -> None:
    """Break most dictations once: for a moment, for seconds, or for longer than the server keeps a session."""
    kind = rng.choices(("none", "cut", "short", "long"), weights=(3, 4, 2, 1))[0]
    if kind == "none":
        return
    at_s = rng.uniform(0.0, dictation_s)
    await asyncio.sleep(at_s)
    breaks.append(f"{kind} at {at_s:.1f}")
    relay.refusing = kind != "cut"
    relay.cut()
    if kind != "cut":
        await asyncio.sleep(SHORT_S if kind == "short" else LONG_S)
        relay.refusing = False


async def _read(dictation: LiveDictation, counts: Counts) -> list[FinalText]:
    finals = []
    async for event in dictation:
        if isinstance(event, FinalText):
            finals.append(event)
        elif isinstance(event, Resumed):
            counts.breaks += 1
            counts.new_sessions += not event.same_session
    return finals


async def upload_for_ever(scene: Scene, every_s: float) -> None:
    """Upload recordings: whole ones, one that is no audio, and one whose sender leaves half-way."""
    url = f"http://127.0.0.1:{scene.port}/v1/audio/transcriptions"
    async with httpx.AsyncClient(timeout=LAST_WORDS_S, headers=scene.bearer(0)) as http:
        for number in itertools.count():
            if scene.over:
                return
            recording = wav(scene.clips[number % len(scene.clips)].samples)
            try:
                if number % 3 == 0:
                    await _leave_half_way(scene, recording)
                answer = await http.post(url, files={"file": ("a.wav", recording if number % 5 else b"\0" * 9999)})
            except httpx.ReadTimeout:
                scene.counts.late_uploads += 1
                continue
            except httpx.HTTPError as error:
                scene.counts.trouble(f"an upload ended with {type(error).__name__}")
                continue
            expected = 200 if number % 5 else 400
            if answer.status_code in (429, 503):
                scene.counts.busy += 1
            elif answer.status_code != expected:
                scene.counts.trouble(f"an upload was answered with {answer.status_code} instead of {expected}")
            scene.counts.uploads += 1
            await asyncio.sleep(every_s)


async def _leave_half_way(scene: Scene, recording: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", scene.port)
    head = (
        f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: soak\r\n{_header(scene.bearer(0))}"
        "Content-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {len(recording) + 200}\r\n\r\n"
    )
    part = "--x\r\nContent-Disposition: form-data; name=file; filename=a.wav\r\n\r\n"
    writer.write(head.encode() + part.encode() + recording[: len(recording) // 2])
    await writer.drain()
    writer.transport.abort()
    scene.counts.bad += 1


def _header(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def wav(samples: Samples) -> bytes:
    """Return (n,) samples as a 16-bit mono WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        out.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return file.getvalue()


async def stream_for_ever(scene: Scene) -> None:
    """Dictate over gRPC; every third stream is cancelled amid its audio."""
    rng = random.Random(1)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{scene.grpc_port}") as channel:
        stub = TranscriberServiceStub(channel)  # type: ignore[no-untyped-call]  # generated without types
        for number in itertools.count():
            if scene.over:
                return
            spoken = script(scene.clips, [rng.randrange(len(scene.clips))], 0.4, tail_s=1.0)
            ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            call = stub.Dictate(
                _requests(spoken.samples, ready), metadata=(("authorization", scene.bearer(1)["Authorization"]),)
            )
            try:
                finals = await _finals(call, ready, cancel=number % 3 == 2)
            except grpc.aio.AioRpcError as error:
                if error.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE):
                    scene.counts.busy += 1
                    await asyncio.sleep(5.0)
                else:
                    scene.counts.trouble(f"a gRPC stream ended with {error.code().name}: {error.details()}")
                continue
            finally:
                if not ready.done():
                    ready.set_result(False)
            if finals is not None:
                _judge(scene, spoken.said, finals, "gRPC")


async def _requests(samples: Samples, ready: asyncio.Future[bool]) -> AsyncIterator[pb.DictateRequest]:
    """Send the configuration, and the audio once the server is ready for it.

    A client that still writes while it is refused gets INTERNAL in place of the reason (grpc/grpc#36066).
    """
    yield pb.DictateRequest(config=pb.Config(audio_format=pb.AUDIO_FORMAT_INT16, formatted=True))
    if not await ready:
        return
    started_s = time.monotonic()
    for place in range(0, len(samples), 1111):
        part = samples[place : place + 1111]
        await asyncio.sleep(max(0.0, started_s + place / RATE_HZ - time.monotonic()))
        yield pb.DictateRequest(audio=(np.clip(part, -1, 1) * 32767).astype("<i2").tobytes())


async def _finals(
    call: "grpc.aio.StreamStreamCall[pb.DictateRequest, pb.DictateResponse]",
    ready: asyncio.Future[bool],
    *,
    cancel: bool,
) -> list[FinalText] | None:
    finals = []
    async for response in call:
        if response.HasField("ready"):
            ready.set_result(True)
        if cancel and response.HasField("partial"):
            call.cancel()
            return None
        if response.HasField("final"):
            one = response.final
            finals.append(FinalText(one.utterance, one.start_s, one.end_s, one.text, None, None, None))
    return finals
