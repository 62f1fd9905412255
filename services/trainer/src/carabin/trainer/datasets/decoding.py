"""Recordings judged and decoded, each on its own: on all cores where there are many, and in their order."""

import json
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection
from pathlib import Path
from typing import Final

import av
from carabin.service.shortage import translate_shortage
from carabin.service.threads import ThreadSupervisor

from ..data.audio import encode_flac, sha256
from ..errors import DatasetInvalid
from ..quality.audio import judge_sound
from ..quality.report import Finding, GateReport

JUDGE_VERSION: Final = 5
"""Raised when the same file would be judged or decoded otherwise: what older builds remember is then done again."""
WORTH_PROCESSES_BYTES: Final = 16_000_000
WORTH_PROCESSES_FILES: Final = 200
"""Below both, starting processes (two seconds) costs more than they save."""
WAITING_PER_PROCESS: Final = 32
"""Files handed out ahead of the oldest that is not done: one hour-long file does not stop the other processes."""


@dataclass(frozen=True, slots=True)
class DecodedFile:
    """What became of one recording."""

    sha256: str | None
    """Of its FLAC; None where it is refused."""
    n_samples: int
    """At 16 kHz."""
    findings: tuple[Finding, ...]


def file_key(file: Path, *, accept_damaged: bool) -> str:
    """Return what stays the same as long as a file and the way of judging it do: as `make` does, by size and time.

    Raises:
        OSError: there is no such file.
    """
    status = file.stat()
    facts = (str(file), str(file.absolute()), status.st_size, status.st_mtime_ns, accept_damaged)
    return sha256(json.dumps([*facts, JUDGE_VERSION, av.__version__]).encode())


def decode_file(file: Path, sounds: Path, *, accept_damaged: bool) -> DecodedFile:
    """Judge a recording, and save its sound as FLAC under `sounds` unless it is refused."""
    report = GateReport()
    sound = judge_sound(file, report, accept_damaged=accept_damaged)
    if sound is None:
        return DecodedFile(None, 0, tuple(report.findings))
    flac = encode_flac(sound.samples)
    digest = sha256(flac)
    save_sound(sounds, digest, flac)
    return DecodedFile(digest, len(sound.samples), tuple(report.findings))


def decode_files(
    files: Sequence[Path], sounds: Path, *, accept_damaged: bool, processes: int | None = None
) -> Iterator[DecodedFile]:
    """Yield what becomes of each of `files`, in their order.

    Args:
        processes: how many decode at once; all cores where there is enough to do, by default.

    Raises:
        DatasetInvalid: the disk is full, or the system ended a process.
        ResourcesExhausted: memory, threads or processes are short; no file is judged by that.
    """
    processes = processes or _worth_processes(files)
    if processes == 1:
        for file in files:
            yield decode_file(file, sounds, accept_damaged=accept_damaged)
        return
    with translate_shortage("decoding on all cores"):
        yield from _decode_in_processes(files, sounds, processes, accept_damaged=accept_damaged)


def _decode_in_processes(
    files: Sequence[Path], sounds: Path, processes: int, *, accept_damaged: bool
) -> Iterator[DecodedFile]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    pool = ProcessPoolExecutor(processes, context, _end_with_parent)
    waiting: deque[Future[DecodedFile]] = deque()
    try:
        for file in files:
            waiting.append(pool.submit(decode_file, file, sounds, accept_damaged=accept_damaged))
            if len(waiting) >= processes * WAITING_PER_PROCESS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise DatasetInvalid(
            "the system ended a process that decodes, which it does when memory is short: the same command goes on"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def sound_path(sounds: Path, digest: str) -> Path:
    """Return where the FLAC of this SHA-256 is: a folder of 30,000 files is slow to list, 256 are not."""
    return sounds / digest[:2] / f"{digest}.flac"


def save_sound(sounds: Path, digest: str, flac: bytes) -> None:
    """Write a FLAC under its SHA-256, whole or not at all.

    Raises:
        DatasetInvalid: the disk is full, or may not be written.
    """
    file = sound_path(sounds, digest)
    if file.is_file():
        return
    half = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(flac)
        half.replace(file)
    except OSError as error:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        raise DatasetInvalid(f"{sounds}: it cannot be written: {error.strerror or error}") from error


def _worth_processes(files: Sequence[Path]) -> int:
    n_bytes = 0
    for file in files:
        with suppress(OSError):
            n_bytes += file.stat().st_size
    many = len(files) >= WORTH_PROCESSES_FILES or n_bytes >= WORTH_PROCESSES_BYTES
    return min(len(files), _cores()) if many else 1


def _cores() -> int:
    """Return how many cores this process may use; macOS does not say, and gives all."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _end_with_parent() -> None:
    """Leave interrupts to the parent, and end when it is gone: a killed build leaves no process behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        ThreadSupervisor().start("parent-watch", partial(_exit_after, parent.sentinel))


def _exit_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
