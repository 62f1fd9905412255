"""WhisperLiveKit as a peer of bench/live.py: its server, and a client of its protocol.

It takes 16-bit samples at `/asr`; an empty message ends. Each of its messages holds all that is committed (`lines`) and
what may still change (`buffer_transcription`). It wants a torch of its own, so it is installed apart: about 7 GB.
It chooses its compute type itself, `auto` at 0.2.26, which is float32 for these weights on a CPU.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from carabin.client import FinalText, PartialText
from live_audio import Speaker
from live_client import LAST_WORDS_S, Received, blocks_in_time
from live_process import Process, listens, running, wait
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

VERSION = "0.2.26"
PACKAGES = (
    f"whisperlivekit=={VERSION}", "torch==2.9.1", "torchaudio==2.9.1", "faster-whisper==1.2.1", "librosa", "tiktoken",
)  # fmt: skip
OPTIONS = (
    "--backend", "faster-whisper", "--backend-policy", "localagreement", "--language", "fr", "--pcm-input",
    "--host", "127.0.0.1",
)  # fmt: skip


def install(folder: Path) -> Path:
    """Make a virtual environment with WhisperLiveKit and return its python."""
    python = folder / "bin" / "python"
    if python.exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    try:
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return python


@contextmanager
def server(python: Path, port: int, model: Path, log: Path) -> Iterator[Process]:
    """Run it on a CTranslate2 folder with LocalAgreement, the policy that works with such a folder."""
    command = [str(python), "-m", "whisperlivekit.basic_server", *OPTIONS]
    with running([*command, "--model_dir", str(model), "--port", str(port)], log, {}) as process:
        wait(lambda: listens(port), process, log)
        yield Process(process, f"ws://127.0.0.1:{port}/asr")


async def dictate_all(url: str, speakers: Sequence[Speaker]) -> list[Received]:
    """Let all speakers dictate at the same time; returns when the last one has hung up."""
    return list(await asyncio.gather(*(_dictate(url, speaker) for speaker in speakers)))


async def _dictate(url: str, speaker: Speaker) -> Received:
    received = Received()
    try:
        async with connect(url, max_size=None) as socket:
            started_s = time.perf_counter()
            reading = asyncio.create_task(_read(socket, received, started_s))
            async for block in blocks_in_time(speaker, started_s):
                await socket.send((np.clip(block, -1, 1) * 32767).astype("<i2").tobytes())
            await socket.send(b"")
            await asyncio.wait([reading], timeout=LAST_WORDS_S)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    except (OSError, WebSocketException) as error:
        received.error = str(error)
    return received


async def _read(socket: ClientConnection, received: Received, started_s: float) -> None:
    committed, shown, end_s = "", "", 0.0
    async for message in socket:
        at_s = time.perf_counter() - started_s
        told = json.loads(message)
        if told.get("type") == "ready_to_stop":
            return
        lines = [line for line in told.get("lines", ()) if line.get("text")]
        text = "".join(line["text"] for line in lines)
        # What it committed it does not take back: what is new is what is longer.
        if len(text) > len(committed):
            start_s, end_s = end_s, _seconds(lines[-1]["end"])
            final = FinalText(len(received.events), start_s, end_s, text[len(committed) :], None, None, None)
            received.events.append((at_s, final))
            committed, shown = text, ""
        partial = told.get("buffer_transcription", "")
        if partial != shown:
            shown = partial
            received.events.append((at_s, PartialText(end_s, at_s, partial, 0, None, None, None)))


def _seconds(clock: str) -> float:
    """Return the seconds of `0:01:02.50`."""
    hours, minutes, seconds = clock.split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
