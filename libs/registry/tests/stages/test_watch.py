"""A watcher yields each change once, wakes early where the store can say so, and outlives the store's outages."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue

import pytest
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.errors import StoreError, StoreUnreachable
from carabin.registry.layout import manifest_key
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.promote import promote
from carabin.registry.stages.resolve import Canary, Decision
from carabin.registry.stages.watch import MAX_BACKOFF, ModelWatcher
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..conftest import FORMAT, at

NOW = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
NEVER_S = 3600.0
"""An interval that no test outlives: whatever wakes the watcher, it is not the poll."""
WITHIN_S = 30.0


def publish(store: ObjectStore, bucket: str, tmp_path: Path, content: str) -> str:
    folder = tmp_path / content
    folder.mkdir()
    (folder / "model.bin").write_text(content)
    return publish_model(store, bucket, "cardio", folder, NOW, format=FORMAT).version


@pytest.fixture
def memory() -> Iterator[MemoryStore]:
    store = MemoryStore()
    store.ensure_bucket("models")
    yield store
    store.close()


def test_each_change_is_yielded_once(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    old, new = publish(store, bucket, tmp_path, "old"), publish(store, bucket, tmp_path, "new")
    watcher = ModelWatcher(store, bucket, "cardio", NEVER_S)
    changes = watcher.changes()
    assert next(changes) == Decision(version=None)
    promote(store, bucket, "cardio", old, by="a", reason="r", at=NOW)
    watcher.wake()
    assert next(changes) == Decision(version=old)
    publish(store, bucket, tmp_path, "another candidate")
    set_stage(store, bucket, "cardio", new, "canary", share=0.25, by="a", reason="r", at=NOW)
    watcher.wake()
    assert next(changes) == Decision(version=old, canary=Canary(new, 0.25))
    watcher.stop()
    watcher.wake()
    assert list(changes) == []


class TaggedAtTheFifthScan(MemoryStore):
    """Somebody tags the only version after four scans that saw nothing new."""

    scans = 0

    def folders(self, bucket: str, prefix: str) -> list[str]:
        found = super().folders(bucket, prefix)
        self.scans += prefix == "cardio/versions/"
        if self.scans == 5 and found:
            self.set_tags(bucket, manifest_key("cardio", found[0]), {"stage": "production"})
        return found


def test_polls_that_see_nothing_new_notify_nobody(tmp_path: Path) -> None:
    store = TaggedAtTheFifthScan()
    store.ensure_bucket("models")
    version = publish(store, "models", tmp_path, "a")
    changes = ModelWatcher(store, "models", "cardio", 0.001).changes()
    assert next(changes) == Decision(version=None)
    assert next(changes) == Decision(version=version)
    assert store.scans >= 5


def test_a_notification_wakes_the_poll(memory: MemoryStore, tmp_path: Path) -> None:
    version = publish(memory, "models", tmp_path, "a")
    watcher = ModelWatcher(memory, "models", "cardio", NEVER_S)
    decisions: Queue[Decision] = Queue()

    def follow() -> None:
        for decision in watcher.changes():
            decisions.put(decision)

    def listen() -> None:
        while watcher.listen():
            pass

    thread, listener = threading.Thread(target=follow), threading.Thread(target=listen)
    thread.start()
    listener.start()
    try:
        assert decisions.get(timeout=WITHIN_S).version is None
        # The listener may not listen yet: events may be lost, so write until one arrives.
        for _ in range(1000):
            memory.set_tags("models", manifest_key("cardio", version), {"stage": "production"})
            try:
                assert decisions.get(timeout=0.05).version == version
                break
            except Empty:
                continue
        else:
            pytest.fail("the notification woke nobody")
    finally:
        watcher.stop()
        memory.close()
        thread.join(WITHIN_S)
        listener.join(WITHIN_S)
    assert not thread.is_alive(), "`stop` ends an iteration that waits"
    assert not listener.is_alive(), "`stop` ends the listening when the store's stream ends"


class FlakyStore(MemoryStore):
    """Away while `away` is set."""

    away = False

    def list(self, bucket: str, prefix: str, start_after: str = "") -> list[str]:
        if self.away:
            raise StoreUnreachable("the store does not answer")
        return super().list(bucket, prefix, start_after)


def test_an_outage_is_outlived_and_backed_off(tmp_path: Path) -> None:
    store = FlakyStore()
    store.ensure_bucket("models")
    version = publish(store, "models", tmp_path, "a")
    promote(store, "models", "cardio", version, by="a", reason="r", at=NOW)
    watcher = ModelWatcher(store, "models", "cardio", 0.001, jitter=0)
    changes = watcher.changes()
    assert next(changes).version == version
    store.away = True
    pauses = []
    for _ in range(5):
        assert watcher._poll() is None
        pauses.append(watcher._pause_s())
    assert pauses == pytest.approx([0.002, 0.004, 0.008, 0.008, 0.008])
    assert pauses[-1] == pytest.approx(0.001 * MAX_BACKOFF)
    assert watcher.last_error == "the store does not answer"
    store.away = False
    store.set_tags("models", manifest_key("cardio", version), {"stage": "archived", "promotion-seq": "1"})
    assert next(changes) == Decision(version=None)
    assert watcher.last_error is None


def test_jitter_keeps_services_out_of_step() -> None:
    watcher = ModelWatcher(MemoryStore(), "models", "cardio", 10.0, jitter=0.2)
    pauses = {watcher._pause_s() for _ in range(50)}
    assert len(pauses) > 1
    assert all(8 <= pause <= 12 for pause in pauses)


def test_a_store_without_notifications_says_so(s3_store: MinioStore, s3_settings: StoreSettings) -> None:
    with pytest.raises(StoreError, match="NotImplemented"):
        next(s3_store.listen(s3_settings.models_bucket, "cardio/"))


class MinioNotifications(BaseHTTPRequestHandler):
    """Streams what a MinIO server streams: a keep-alive, an event, and then hangs up."""

    asked: Queue[str] = Queue()

    def do_GET(self) -> None:
        self.asked.put(self.path)
        self.send_response(200)
        self.end_headers()
        event = {"Records": [{"eventName": "s3:ObjectCreated:PutTagging", "s3": {"object": {"key": "cardio/x"}}}]}
        self.wfile.write(b"\n" + json.dumps(event).encode() + b"\n")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def test_minios_notifications_are_read_until_it_hangs_up() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), MinioNotifications) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            store = MinioStore(at(f"127.0.0.1:{server.server_port}"))
            assert list(store.listen("models", "cardio/")) == [None]
        finally:
            server.shutdown()
            thread.join()
    asked = MinioNotifications.asked.get_nowait()
    assert "events=s3%3AObjectCreated%3A%2A" in asked
    assert "prefix=cardio%2F" in asked
    assert MinioNotifications.asked.empty(), "it did not reconnect by itself"
