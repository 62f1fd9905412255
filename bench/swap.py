"""Model changes under live dictations: what nobody should notice, counted.

    python bench/swap.py             # 50 changes under 8 speakers; about ten minutes
    python bench/swap.py --quick     # 6 changes under 4 speakers; about three minutes

Two versions of one model are published to a real S3 store, so that every text must be the same whichever wrote it, and
promoted in turn while speakers dictate. The same audio is dictated before without a change, as the steady state.
"""

import argparse
import asyncio
import itertools
import json
import math
import os
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.connect import connect
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.promote import promote
from carabin.registry.store import ObjectStore
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.text.normalize import normalize
from live_audio import Speaker, speakers
from live_client import Received, dictate_all
from live_measure import final_s, measure
from live_process import Process, our_server

NAME = "whisper"
FORMAT = ModelFormat(quantization="float16", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")
SEEN_WITHIN_S = 300.0
REST_S = 2.0
"""After the last speaker, before memory is read."""
POLL_S = "0.5"
"""The service looks this often which version is in production; its default of 10 s would only make the bench longer."""


@dataclass(frozen=True, slots=True)
class Swaps:
    """What changed and what it cost."""

    done: int
    slowest_s: float
    """From the promotion to the first session that could use the new version."""
    versions_in_text: int
    disconnects: int
    lost_sentences: int
    repeated_sentences: int
    steady_p95_s: float
    swapping_p95_s: float
    steady_mb: float
    after_mb: float
    peak_mb: float


def main() -> None:
    arguments = _parse()
    with tempfile.TemporaryDirectory() as scratch, EmbeddedStore(Path(scratch) / "store", None) as settings:
        os.environ |= _environment(settings)
        store = connect(settings)
        versions = publish_two(store, settings.models_bucket, Path(scratch))
        _promote(store, settings.models_bucket, versions[0])
        log = Path(scratch) / "service.log"
        cache = str(Path(scratch) / "cache")
        with our_server(arguments.port, log, poll_s=POLL_S, cache_dir=cache, model_name=NAME) as server:
            said = speakers("pauses", arguments.clients, arguments.sentences, tail_s=5.0)
            steady = asyncio.run(dictate_all(server.url, said))
            swaps = asyncio.run(_swap(server, said, steady, store, settings.models_bucket, versions, arguments))
    _print(swaps, arguments.json)


def publish_two(store: ObjectStore, bucket: str, scratch: Path) -> list[str]:
    """Publish the same files at two times; the versions differ in their names alone."""
    folder = install_base_model(scratch / "base")
    store.ensure_bucket(bucket)
    start = datetime.now(UTC) - timedelta(hours=2)
    times = (start, start + timedelta(hours=1))
    return [publish_model(store, bucket, NAME, folder, at, format=FORMAT).version for at in times]


async def _swap(
    server: Process,
    said: Sequence[Speaker],
    steady: Sequence[Received],
    store: ObjectStore,
    bucket: str,
    versions: list[str],
    arguments: argparse.Namespace,
) -> Swaps:
    await asyncio.sleep(REST_S)
    steady_mb = server.resident_mb()
    dictating = asyncio.create_task(dictate_all(server.url, said))
    took_s: list[float] = []
    for version in itertools.islice(itertools.cycle(reversed(versions)), arguments.swaps):
        if dictating.done():
            break
        took_s.append(await asyncio.to_thread(_change, store, bucket, version, arguments.port))
    received = await dictating
    await asyncio.sleep(REST_S)
    before, during = measure(said, steady), measure(said, received)
    return Swaps(
        done=len(took_s),
        slowest_s=max(took_s, default=float("nan")),
        versions_in_text=len({final.model_version for each in received for _, final in each.finals()}),
        disconnects=sum(each.breaks() for each in received) + during.errors,
        lost_sentences=sum(map(lost, said, steady, received)),
        repeated_sentences=sum(map(repeated, steady, received)),
        steady_p95_s=before.final_p95_s,
        swapping_p95_s=during.final_p95_s,
        steady_mb=steady_mb,
        after_mb=server.resident_mb(),
        peak_mb=server.peak_mb(),
    )


def lost(speaker: Speaker, steady: Received, changing: Received) -> int:
    """Count sentences that are final without changes of the model and not with them."""
    return sum(
        math.isfinite(final_s(sentence, steady)) and not math.isfinite(final_s(sentence, changing))
        for sentence in speaker.sentences
    )


def repeated(steady: Received, changing: Received) -> int:
    """Count finals that stand more often with changes than without: the server puts no final into another's time.

    What is written in other words without changes is no repetition, so only texts that stand there too count.
    """
    texts, more = (Counter(normalize(final.text) for _, final in each.finals()) for each in (steady, changing))
    return sum((+Counter({text: more[text] - count for text, count in texts.items() if text})).values())


def _change(store: ObjectStore, bucket: str, version: str, port: int) -> float:
    """Promote a version and wait until it serves; return the seconds from one to the other."""
    started_s = time.monotonic()
    _promote(store, bucket, version)
    while _serving(port) != version:
        if time.monotonic() - started_s > SEEN_WITHIN_S:
            raise SystemExit(f"version {version} did not serve within {SEEN_WITHIN_S:.0f} s")
        time.sleep(0.1)
    return time.monotonic() - started_s


def _promote(store: ObjectStore, bucket: str, version: str) -> None:
    promote(store, bucket, NAME, version, by="bench", reason="swap bench", at=datetime.now(UTC))


def _serving(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/model", timeout=10) as answer:
        return str(json.load(answer)["version"])


def _environment(settings: StoreSettings) -> dict[str, str]:
    return {
        "CARABIN_STORE_ENDPOINT": settings.endpoint,
        "CARABIN_STORE_ACCESS_KEY": settings.access_key,
        "CARABIN_STORE_SECRET_KEY": settings.secret_key.get_secret_value(),
        "CARABIN_STORE_SECURE": str(settings.secure).lower(),
    }


def _print(swaps: Swaps, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(asdict(swaps), indent=2) + "\n")
        return
    rows = {
        "changes of the model": f"{swaps.done}, the slowest {swaps.slowest_s:.1f} s from promotion to use",
        "versions that wrote text": str(swaps.versions_in_text),
        "disconnects": str(swaps.disconnects),
        "sentences lost": str(swaps.lost_sentences),
        "sentences repeated": str(swaps.repeated_sentences),
        "final p95, steady / changing": f"{swaps.steady_p95_s:.2f} / {swaps.swapping_p95_s:.2f} s "
        f"({swaps.swapping_p95_s / swaps.steady_p95_s:.2f} x)",
        "memory, steady / after / peak": f"{swaps.steady_mb:.0f} / {swaps.after_mb:.0f} / {swaps.peak_mb:.0f} MB",
    }
    sys.stdout.write("| | |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows.items()))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="6 changes under 4 speakers")
    parser.add_argument("--swaps", type=int, help="changes of the model")
    parser.add_argument("--clients", type=int, help="speakers")
    parser.add_argument("--sentences", type=int, help="sentences of each speaker")
    parser.add_argument("--port", type=int, default=19191)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    arguments.swaps = arguments.swaps or (6 if arguments.quick else 50)
    arguments.clients = arguments.clients or (4 if arguments.quick else 8)
    arguments.sentences = arguments.sentences or (4 if arguments.quick else 25)
    return arguments


if __name__ == "__main__":
    main()
