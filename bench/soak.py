"""The transcriber for hours under everything at once: does it grow, and does it lose anything?

    python bench/soak.py                  # two hours
    python bench/soak.py --minutes 5      # a first look

Twenty speakers dictate to the real server with a real Whisper from a real store, in real time, over connections that
break; a gRPC stream and uploads run beside them, and clients that do what none should; the model changes every minute;
the store goes away for half a minute in every five. Once a minute a line says how the server stands; at the end a line
each says what held and what did not (`soak_judge.py`: what growth is). Exit status: 0 when all held, else 1.
"""

import argparse
import asyncio
import itertools
import json
import math
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

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
    LAST_WORDS_S,
    RESUME_S,
    Counts,
    Scene,
    dictate_quietly,
    speak_for_ever,
    stream_for_ever,
    upload_for_ever,
)
from soak_judge import Look, by_minute, judged_at_rest, judged_under_load
from soak_speech import DUTY, Clip, coverage, make_clips, script
from swap import NAME, publish_two

SWAP_S = 60.0
AWAY_EVERY_S, AWAY_S = 300.0, 30.0
SAMPLE_S = 5.0
UPLOAD_S, BAD_S = 20.0, 5.0
SETTLE_S = RESUME_S + 15.0
"""After the last client: held sessions expire, connections time out, replaced models are freed."""
LATE = 0.25
"""More than this share of dictations that could not begin, or of uploads without an answer, are no busy machine, but a
server that does not answer."""
EXPECTED_ERRORS = frozenset({"model_refused"})
"""Of the service's log: a version cannot be fetched while the store is away. Any other error is the service's own; the
soak's bad clients are warnings."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that the soak is for, and whether it held."""

    what: str
    held: bool
    detail: str


@dataclass(slots=True)
class Report:
    """What the soak ends with."""

    minutes: float
    swaps: int
    outages: int
    rest_before: Look
    rest_after: Look
    looks: list[Look]
    """Under load."""
    counts: Counts
    warnings: Counter[str]
    errors: Counter[str]

    def verdicts(self) -> list[Verdict]:
        """Return what held and what did not."""
        c = self.counts
        wrong = {event: n for event, n in self.errors.items() if event not in EXPECTED_ERRORS}
        begun = c.dictations + c.unopened
        return [
            Verdict("no sentence lost", c.lost == 0, f"{c.lost} of {c.sentences} have no final"),
            Verdict("no range written twice", c.repeated == 0, f"{c.repeated} of {c.finals} finals"),
            Verdict("dictations", c.dictations > 0, f"{c.dictations} finished"),
            Verdict("dictations begin", c.unopened <= LATE * begun, f"{c.unopened} of {begun} could not"),
            Verdict(
                "uploads are answered",
                c.late_uploads <= LATE * (c.uploads + c.late_uploads),
                f"{c.late_uploads} of {c.uploads + c.late_uploads} not within {LAST_WORDS_S:.0f} s",
            ),
            Verdict("no client was failed", not c.troubles, _listed(c.troubles) or "none"),
            Verdict("no error in the log", not wrong, _listed(wrong) or "none"),
            *(Verdict(*each) for each in judged_at_rest(self.rest_before, self.rest_after)),
            *(Verdict(*each) for each in judged_under_load(self.looks)),
        ]


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
        if arguments.log:
            shutil.copyfile(log, arguments.log)
    _print(report, arguments.json)
    sys.exit(0 if all(verdict.held for verdict in report.verdicts()) else 1)


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
    rest_before = await look(server, started_s)
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
    warnings, errors = events_of(log)
    under_load = [each for each in looks if each.at_s <= arguments.minutes * 60]
    return Report(
        arguments.minutes, done, away, rest_before, await look(server, started_s), under_load, counts, warnings, errors
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
        "minute  heap MB  memory MB  threads  files  dictations  finals  lost  repeated  breaks  uploads  bad  busy"
        "  unopened  troubles  bench late s"
    )
    late_s, due_s = 0.0, time.monotonic()
    for number in itertools.count(1):
        await asyncio.sleep(SAMPLE_S)
        due_s += SAMPLE_S
        late_s = max(late_s, time.monotonic() - due_s)
        looks.append(await look(server, started_s))
        due_s = time.monotonic()
        if number % round(60 / SAMPLE_S) == 0:
            now, c = looks[-1], scene.counts
            _say(
                f"{now.at_s / 60:6.1f}  {now.heap_mb:7.0f}  {now.resident_mb:9.0f}  {now.threads:7}  {now.files:5}  "
                f"{c.dictations:10}  {c.finals:6}  {c.lost:4}  {c.repeated:8}  {c.breaks:6}  "
                f"{c.uploads:7}  {c.bad:3}  {c.busy:4}  {c.unopened:8}  {c.troubles.total():8}  {late_s:12.1f}"
            )
            late_s = 0.0


async def look(server: Process, started_s: float) -> Look:
    heap_mb = await asyncio.to_thread(_heap_mb, server)
    process = psutil.Process(server.pid)
    return Look(time.monotonic() - started_s, heap_mb, server.resident_mb(), process.num_threads(), process.num_fds())


def _heap_mb(server: Process) -> float:
    """Return what the service says of its heap; not a number where it does not answer."""
    with suppress(OSError):
        with urllib.request.urlopen(server.health_url.replace("/livez", "/metrics"), timeout=SAMPLE_S) as answer:
            found = re.search(rb"^carabin_transcriber_heap_bytes (\S+)", answer.read(), re.MULTILINE)
        if found:
            return float(found[1]) / 1e6
    return math.nan


def events_of(log: Path) -> tuple[Counter[str], Counter[str]]:
    """Count the warnings and the errors of the service's log by event; lines that are no JSON are errors."""
    warnings: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        try:
            fields = json.loads(line)
        except ValueError:
            errors["a line that is no JSON"] += 1
            continue
        if fields.get("level") not in ("info", "debug"):
            # A line without an event of its own is named by where it comes from.
            name = fields.get("event")
            if name in (None, "error", "warning"):
                name = f"{fields.get('logger')}: {fields.get('message')}"
            (warnings if fields.get("level") == "warning" else errors)[name] += 1
    return warnings, errors


def _listed(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {n}" for what, n in counted.items())


def _promote(store: ObjectStore, bucket: str, version: str) -> None:
    promote(store, bucket, NAME, version, by="soak", reason="soak", at=datetime.now(UTC))


def _environment(settings: StoreSettings, proxy: StoreProxy) -> dict[str, str]:
    return {
        "CARABIN_STORE_ENDPOINT": proxy.endpoint,
        "CARABIN_STORE_ACCESS_KEY": settings.access_key,
        "CARABIN_STORE_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CARABIN_STORE_SECURE": "false",
    }


def _print(report: Report, as_json: bool) -> None:
    verdicts = report.verdicts()
    if as_json:
        sys.stdout.write(
            json.dumps(asdict(report) | {"verdicts": [asdict(each) for each in verdicts]}, indent=2) + "\n"
        )
        return
    c = report.counts
    _say(f"\n{report.minutes:g} minutes, {report.swaps} promotions, {report.outages} outages of the store")
    _say(
        f"{c.dictations} dictations, {c.sentences} sentences, {c.finals} finals; {c.breaks} broken connections, "
        f"{c.new_sessions} of them beyond the server's patience; {c.uploads} uploads; {c.bad} bad clients; "
        f"{c.busy} refusals of a full server"
    )
    minutes = by_minute(report.looks)
    for name, one in (
        ("at rest before", report.rest_before),
        *((("early under load", minutes[0]), ("late under load", minutes[-1])) if minutes else ()),
        ("at rest after", report.rest_after),
    ):
        _say(
            f"{name:17}{one.heap_mb:6.0f} MB in use  {one.resident_mb:6.0f} MB resident  {one.threads:4} threads  "
            f"{one.files:4} open files"
        )
    _say(f"warnings of the log: {_listed(report.warnings) or 'none'}")
    _say(f"errors of the log: {_listed(report.errors) or 'none'}")
    for note in c.notes:
        _say(note)
    _say("")
    for verdict in verdicts:
        _say(f"{'ok    ' if verdict.held else 'FAILED'}  {verdict.what:34}{verdict.detail}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--sessions", type=int, default=20, help="speakers at a time")
    parser.add_argument("--duty", type=float, default=DUTY, help="share of the time in which a speaker speaks")
    parser.add_argument("--port", type=int, default=19291, help="the server's; gRPC takes the next one")
    parser.add_argument("--log", type=Path, help="where to keep the service's log")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
