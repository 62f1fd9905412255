"""The transcriber for hours under everything at once: does it grow, and does it lose anything?

    python bench/soak.py                  # two hours
    python bench/soak.py --minutes 5      # a first look

Twenty speakers dictate to the real server with a real Whisper from a real store, in real time, over connections that
break; a gRPC stream and uploads run beside them, and clients that do what none should; the model changes every minute;
the store goes away for half a minute in every five. Once a minute a line says how the server stands. Exit status: 0
when nothing grew and nothing was lost, else 1, with what did.
"""

import argparse
import asyncio
import itertools
import json
import os
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil
from carabin.registry.connect import connect
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.errors import CarabinError
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.promote import promote
from carabin.registry.store import ObjectStore
from carabin.registry.testing.proxy import Fault, StoreProxy
from live_process import Process, our_server
from soak_bad_clients import misbehave_for_ever
from soak_clients import (
    RESUME_S,
    Counts,
    Scene,
    dictate_quietly,
    speak_for_ever,
    stream_for_ever,
    upload_for_ever,
)
from soak_speech import DUTY, Clip, coverage, make_clips, script
from swap import NAME, publish_two

SWAP_S = 60.0
AWAY_EVERY_S, AWAY_S = 300.0, 30.0
SAMPLE_S = 5.0
UPLOAD_S, BAD_S = 20.0, 5.0
SETTLE_S = RESUME_S + 15.0
"""After the last client: held sessions expire, connections time out, replaced models are freed."""
WARM_UP = 1 / 6
"""Share of the run that growth is not judged on: caches fill, and the allocator reaches its size."""
MOST_MEMORY = 1.15
"""Growth that is none: what an allocator's fragments move by between two looks. Times the first, and 30 MB."""
SPARE_MB = 30.0
SPARE_THREADS, SPARE_FILES = 3, 10
"""A pool's idle threads, and connections that come and go between two looks."""
JUDGED_MIN = 20.0
"""Growth under load is judged in runs of this length and more; at rest, in every run."""
UNOPENED = 0.25
"""More dictations than this share that could not begin are no busy machine, but a server that does not answer."""
WRONG_EVENTS = frozenset({"session_error", "reactor_error", "keeper_error", "decode_failed"})
"""Of the service's log: its own mistakes. Errors of its clients and of the store are what the soak makes."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the server stood at one moment."""

    at_s: float
    resident_mb: float
    threads: int
    files: int


@dataclass(slots=True)
class Report:
    """What the soak ends with."""

    minutes: float
    swaps: int
    outages: int
    rest_before: Look
    rest_after: Look
    first: Look
    """Least of each in the first third after the warm-up, by the minute, and their median."""
    last: Look
    counts: Counts
    events: Counter[str]

    def faults(self) -> list[str]:
        """Return why it failed; nothing means that it did not."""
        found = grown("at rest", self.rest_before, self.rest_after)
        if self.minutes >= JUDGED_MIN:
            found += grown("under load", self.first, self.last)
        if self.counts.lost:
            found.append(f"{self.counts.lost} of {self.counts.sentences} sentences have no final")
        if self.counts.repeated:
            found.append(f"{self.counts.repeated} finals repeat a range")
        if self.counts.unopened > UNOPENED * (self.counts.dictations + self.counts.unopened):
            found.append(f"{self.counts.unopened} dictations could not begin: the server did not answer")
        if not self.counts.dictations:
            found.append("no dictation was finished: nothing was shown")
        found += [f"{n} times: {what}" for what, n in self.counts.troubles.items()]
        found += [f"{n} times in the log: {event}" for event, n in self.events.items() if event in WRONG_EVENTS]
        return found


def main() -> None:
    arguments = _parse()
    # Told to stop, it stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with (
        tempfile.TemporaryDirectory() as scratch,
        EmbeddedStore(Path(scratch) / "store", None) as settings,
        StoreProxy(settings.endpoint).running() as proxy,
    ):
        store = connect(settings)
        versions = publish_two(store, settings.models_bucket, Path(scratch))
        _promote(store, settings.models_bucket, versions[0])
        keys = [secrets.token_hex(16) for _ in range(arguments.sessions)]
        os.environ |= _environment(settings, proxy) | {
            "CARABIN_TRANSCRIBER_API_KEYS": ",".join(f"speaker-{i}:{key}" for i, key in enumerate(keys)),
        }
        log = Path(scratch) / "service.log"
        with our_server(
            arguments.port,
            log,
            grpc_port=arguments.port + 1,
            resume_s=str(RESUME_S),
            poll_s="2",
            cache_dir=str(Path(scratch) / "cache"),
            model_name=NAME,
            max_sessions=str(3 * arguments.sessions),
        ) as server:
            bucket = settings.models_bucket
            report = asyncio.run(_soak(server, proxy, store, bucket, versions, keys, log, arguments))
    faults = report.faults()
    _print(report, faults, arguments.json)
    sys.exit(1 if faults else 0)


async def _soak(
    server: Process,
    proxy: StoreProxy,
    store: ObjectStore,
    bucket: str,
    versions: Sequence[str],
    keys: Sequence[str],
    log: Path,
    arguments: argparse.Namespace,
) -> Report:
    clips = make_clips()
    reference = await _reference(arguments.port, keys, clips)
    await asyncio.sleep(SETTLE_S)
    started_s = time.monotonic()
    rest_before = look(server, started_s)
    end_s = started_s + arguments.minutes * 60
    counts = Counts()
    scene = Scene(arguments.port, arguments.port + 1, keys, clips, reference, end_s, arguments.duty, counts)
    looks: list[Look] = []
    swaps = asyncio.create_task(_swap(scene, store, bucket, versions))
    outages = asyncio.create_task(_take_store_away(scene, proxy))
    looking = asyncio.create_task(_look(server, scene, started_s, looks))
    await asyncio.gather(
        *(speak_for_ever(scene, number) for number in range(arguments.sessions)),
        stream_for_ever(scene),
        upload_for_ever(scene, UPLOAD_S),
        misbehave_for_ever(scene, BAD_S),
    )
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    done, away = await swaps, await outages
    await asyncio.sleep(SETTLE_S)
    first, last = thirds([each for each in looks if each.at_s <= arguments.minutes * 60])
    return Report(
        arguments.minutes, done, away, rest_before, look(server, started_s), first, last, counts, events_of(log)
    )


async def _reference(port: int, keys: Sequence[str], clips: Sequence[Clip]) -> list[float]:
    """Dictate each clip once, four speakers at a time, and return what finals cover of it."""
    covered = [0.0] * len(clips)

    async def one(speaker: int) -> None:
        spoken = script(clips, range(speaker, len(clips), 4), 0.6, tail_s=2.0)
        finals = await dictate_quietly(port, keys[speaker], spoken.samples)
        for placed in spoken.said:
            covered[placed.clip] = coverage(placed, finals)

    await asyncio.gather(*(one(speaker) for speaker in range(min(4, len(keys)))))
    _say(f"of {len(clips)} sentences the model writes {sum(share > 0.5 for share in covered)} in quiet")
    return covered


async def _swap(scene: Scene, store: ObjectStore, bucket: str, versions: Sequence[str]) -> int:
    """Promote the versions in turn, once a minute, whether the transcriber sees the store or not."""
    for done, version in enumerate(itertools.cycle(reversed(versions))):
        await asyncio.sleep(min(SWAP_S, max(0.0, scene.until_s - time.monotonic())))
        if scene.over:
            return done
        try:
            await asyncio.to_thread(_promote, store, bucket, version)
        except CarabinError as error:
            scene.counts.trouble(f"a promotion failed: {type(error).__name__}")
    raise AssertionError("unreachable")


async def _take_store_away(scene: Scene, proxy: StoreProxy) -> int:
    """Let the transcriber lose the store for a while, from the middle of the first period on."""
    away = 0
    await asyncio.sleep(min(AWAY_EVERY_S / 2, max(0.0, scene.until_s - time.monotonic())))
    while not scene.over:
        away += 1
        proxy.plan = lambda _: Fault.REFUSE
        await asyncio.sleep(AWAY_S)
        proxy.plan = lambda _: None
        await asyncio.sleep(min(AWAY_EVERY_S - AWAY_S, max(0.0, scene.until_s - time.monotonic())))
    proxy.plan = lambda _: None
    return away


async def _look(server: Process, scene: Scene, started_s: float, looks: list[Look]) -> None:
    _say(
        "minute  memory MB  threads  files  dictations  finals  lost  repeated  breaks  uploads  bad  busy  unopened"
        "  troubles  bench late s"
    )
    late_s, due_s = 0.0, time.monotonic()
    for number in itertools.count(1):
        await asyncio.sleep(SAMPLE_S)
        due_s += SAMPLE_S
        late_s, due_s = max(late_s, time.monotonic() - due_s), time.monotonic()
        looks.append(look(server, started_s))
        if number % round(60 / SAMPLE_S) == 0:
            now, c = looks[-1], scene.counts
            _say(
                f"{now.at_s / 60:6.1f}  {now.resident_mb:9.0f}  {now.threads:7}  {now.files:5}  {c.dictations:10}  "
                f"{c.finals:6}  {c.lost:4}  {c.repeated:8}  {c.breaks:6}  {c.uploads:7}  {c.bad:3}  {c.busy:4}  "
                f"{c.unopened:8}  {c.troubles.total():8}  {late_s:12.1f}"
            )
            late_s = 0.0


def look(server: Process, started_s: float) -> Look:
    process = psutil.Process(server.pid)
    return Look(time.monotonic() - started_s, server.resident_mb(), process.num_threads(), process.num_fds())


def thirds(looks: Sequence[Look]) -> tuple[Look, Look]:
    """Return the first and the last third after the warm-up: of each minute the least, of the minutes the median.

    The least of a minute is the server between two changes of model; at most, it holds two.
    """
    if not looks:
        raise SystemExit("too short to look once")
    judged = [each for each in looks if each.at_s >= looks[-1].at_s * WARM_UP]
    minutes = [list(group) for _, group in itertools.groupby(judged, lambda each: int(each.at_s // SWAP_S))]
    least = [
        Look(
            group[0].at_s,
            min(each.resident_mb for each in group),
            min(each.threads for each in group),
            min(each.files for each in group),
        )
        for group in minutes
    ]
    n = max(1, len(least) // 3)
    return _median(least[:n]), _median(least[-n:])


def _median(looks: Sequence[Look]) -> Look:
    return Look(
        looks[0].at_s,
        median(each.resident_mb for each in looks),
        round(median(each.threads for each in looks)),
        round(median(each.files for each in looks)),
    )


def grown(when: str, before: Look, after: Look) -> list[str]:
    """Return what is more afterwards than chance explains."""
    found = []
    if after.resident_mb > before.resident_mb * MOST_MEMORY + SPARE_MB:
        found.append(f"memory {when} grew from {before.resident_mb:.0f} to {after.resident_mb:.0f} MB")
    if after.threads > before.threads + SPARE_THREADS:
        found.append(f"threads {when} grew from {before.threads} to {after.threads}")
    if after.files > before.files + SPARE_FILES:
        found.append(f"open files {when} grew from {before.files} to {after.files}")
    return found


def events_of(log: Path) -> Counter[str]:
    """Count the warnings and errors of the service's log by event; lines that are no JSON count as one."""
    events: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        try:
            fields = json.loads(line)
        except ValueError:
            events["no JSON"] += 1
            continue
        if fields.get("level") not in ("info", "debug"):
            # A line without an event of its own is told apart by where it comes from.
            name = fields.get("event")
            events[
                name if name not in (None, "error", "warning") else f"{fields.get('logger')}: {fields.get('message')}"
            ] += 1
    return events


def _promote(store: ObjectStore, bucket: str, version: str) -> None:
    promote(store, bucket, NAME, version, by="soak", reason="soak", at=datetime.now(UTC))


def _environment(settings: StoreSettings, proxy: StoreProxy) -> dict[str, str]:
    return {
        "CARABIN_STORE_ENDPOINT": proxy.endpoint,
        "CARABIN_STORE_ACCESS_KEY": settings.access_key,
        "CARABIN_STORE_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CARABIN_STORE_SECURE": "false",
    }


def _print(report: Report, faults: Sequence[str], as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(report) | {"faults": list(faults)}, indent=2) + "\n")
        return
    c = report.counts
    _say(f"\n{report.minutes:g} minutes, {report.swaps} promotions, {report.outages} outages of the store")
    _say(f"{c.dictations} dictations, {c.sentences} sentences, {c.finals} finals; {c.lost} lost, {c.repeated} repeated")
    _say(
        f"{c.breaks} broken connections, {c.new_sessions} of them beyond the server's patience; {c.uploads} uploads; "
        f"{c.bad} bad clients; {c.busy} refusals of a full server; {c.unopened} dictations that could not begin"
    )
    for name, one in (
        ("at rest before", report.rest_before),
        ("early under load", report.first),
        ("late under load", report.last),
        ("at rest after", report.rest_after),
    ):
        _say(f"{name:17}{one.resident_mb:6.0f} MB  {one.threads:4} threads  {one.files:4} open files")
    _say("warnings and errors of the log: " + (", ".join(f"{k} {n}" for k, n in report.events.items()) or "none"))
    for note in c.notes:
        _say(note)
    for fault in faults:
        _say(f"FAILED: {fault}")
    _say("FAILED" if faults else "nothing grew, nothing was lost")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--sessions", type=int, default=20, help="speakers at a time")
    parser.add_argument("--duty", type=float, default=DUTY, help="share of the time in which a speaker speaks")
    parser.add_argument("--port", type=int, default=19291, help="the server's; gRPC takes the next one")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
