"""What the registry costs as it grows: requests and seconds of each action, at 10, 300 and 3,000 versions.

    python bench/registry.py                            # 10, 300 and 3,000 versions, with 7 promotions a version
    python bench/registry.py --sizes 10,300 --json

Each size is a store of its own, the embedded one, on this machine. Its versions and its log are written directly, as
publishing and promoting would leave them, and with no note of where the log ends but the last fiftieth's. Requests are
counted where the client sends them, each page of a listing as one; seconds are the fastest of three, in one process.
"""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any, Final

from carabin.cli.commands.models.context import Context
from carabin.cli.commands.models.rows import SHOWN, newest_rows, read_records
from carabin.registry.artifacts.manifest import ModelFormat, ModelManifest
from carabin.registry.artifacts.records import FileEntry, version_id
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.layout import file_key, manifest_key, promotion_key
from carabin.registry.s3_store import MinioStore
from carabin.registry.stages.follow import DecisionReader
from carabin.registry.stages.log_end import NOTE_EVERY, NumberedLog
from carabin.registry.stages.promote import promote, rollback
from carabin.registry.stages.promotions import PromotionRecord
from carabin.registry.stages.prune import plan_prune
from rows import show_row, size_arguments
from urllib3.poolmanager import PoolManager

NAME: Final = "cardio"
BUCKET: Final = "models"
START: Final = datetime(2024, 1, 1, tzinfo=UTC)
PROMOTIONS_PER_VERSION: Final = 7
"""20,000 promotions at 3,000 versions: everybody who tries things out promotes and rolls back."""
REPEATS: Final = 3
WRITERS: Final = 16
FORM: Final = ModelFormat(quantization="float16", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")


@dataclass(frozen=True, slots=True)
class Row:
    """One action at one size."""

    versions: int
    promotions: int
    action: str
    requests: int
    seconds: float
    cpu_ms: float


def main() -> None:
    arguments = size_arguments(__doc__, "10,300,3000")
    for size in (int(text) for text in arguments.sizes.split(",")):
        with (
            tempfile.TemporaryDirectory(dir=arguments.work, prefix="carabin-bench-") as scratch,
            EmbeddedStore(Path(scratch) / "store") as settings,
        ):
            store = MinioStore(settings)
            store.ensure_bucket(BUCKET)
            for row in measure(store, fill(store, size), size):
                show_row(asdict(row), _text(row), as_json=arguments.json)


def fill(store: MinioStore, count: int) -> list[str]:
    """Write `count` versions, an hour apart, and a log in which they were promoted in turn, over and over."""
    manifests = [_manifest(number) for number in range(count)]
    versions = [manifest.version for manifest in manifests]
    total = count * PROMOTIONS_PER_VERSION

    def write_version(manifest: ModelManifest) -> None:
        store.put(BUCKET, file_key(NAME, manifest.version, "model.bin"), b"weights")
        store.create(BUCKET, manifest_key(NAME, manifest.version), manifest.to_bytes(), {"stage": "archived"})

    def write_promotion(number: int) -> None:
        # The newest version is left for the bench to promote.
        order = versions[:-1]
        previous = order[(number - 2) % len(order)] if number > 1 else None
        record = PromotionRecord(
            number=number, version=order[(number - 1) % len(order)], previous=previous, metrics={},
            by="bench", reason="r", at=START,
        )  # fmt: skip
        store.create(BUCKET, promotion_key(NAME, number), record.to_bytes())

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write_version, manifests))
        list(pool.map(write_promotion, range(1, total + 1)))
    holder = versions[:-1][(total - 1) % (count - 1)]
    store.set_tags(BUCKET, manifest_key(NAME, holder), {"stage": "production", "promotion-seq": str(total)})
    NumberedLog(store, BUCKET, NAME).note(total - total % NOTE_EVERY)
    return versions


def measure(store: MinioStore, versions: list[str], size: int) -> Iterator[Row]:
    """Yield what each action costs."""
    context = Context(store, BUCKET, NAME)
    reader = DecisionReader(store, BUCKET, NAME, 10.0, now=lambda: 0.0)  # no scan comes due
    now = datetime.now(UTC)
    change: dict[str, Any] = {"by": "bench", "reason": "r", "at": now}
    toggled = itertools.cycle(reversed(versions[-4:]))

    def promote_next() -> object:
        return promote(store, BUCKET, NAME, next(toggled), **change)

    before: dict[str, Callable[[], object]] = {"rollback": promote_next}
    actions: dict[str, Callable[[], object]] = {
        "scan of all tags": lambda: reader.read(scan=True),
        "poll that finds nothing new": reader.read,
        "promote": promote_next,
        "rollback": lambda: rollback(store, BUCKET, NAME, **change),
        "second rollback": lambda: rollback(store, BUCKET, NAME, **change),
        "models list": lambda: newest_rows(context, SHOWN),
        "models log": lambda: read_records(context, SHOWN),
        "prune's plan": lambda: plan_prune(store, BUCKET, NAME, now),
    }
    for action, call in actions.items():
        costs = []
        for _ in range(1 if action == "second rollback" else REPEATS):
            before.get(action, lambda: None)()
            with counted_requests() as requests, redirect_stdout(StringIO()):
                started, cpu = time.perf_counter(), time.process_time()
                call()
                costs.append((time.perf_counter() - started, time.process_time() - cpu, len(requests)))
        seconds, cpu_s, count = min(costs)
        yield Row(size, size * PROMOTIONS_PER_VERSION, action, count, round(seconds, 4), round(1000 * cpu_s, 1))


@contextmanager
def counted_requests() -> Iterator[list[str]]:
    """Collect the method of every request that the store's client sends."""
    sent: list[str] = []
    send = PoolManager.urlopen

    def counting(self: PoolManager, method: str, *arguments: Any, **options: Any) -> Any:
        sent.append(method)
        return send(self, method, *arguments, **options)

    PoolManager.urlopen = counting  # type: ignore[method-assign]  # a patch of the library, to count
    try:
        yield sent
    finally:
        PoolManager.urlopen = send  # type: ignore[method-assign]  # likewise


def _manifest(number: int) -> ModelManifest:
    at = START + timedelta(hours=number)
    files = (FileEntry(path="model.bin", size=7, sha256=f"{number:064x}"),)
    return ModelManifest(
        name=NAME, version=version_id(at, files), created_at=at, files=files, format=FORM, metrics={"wer": 0.1}
    )


def _text(row: Row) -> str:
    return (
        f"{row.versions:6} versions {row.promotions:6} promotions  {row.action:<28}{row.requests:6} requests"
        f"{row.seconds:9.3f} s{row.cpu_ms:9.1f} ms CPU"
    )


if __name__ == "__main__":
    main()
