"""WatchRun: what travels, how far a watcher may lag behind, and to whom it is open."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from carabin.service.access.settings import AccessSettings
from carabin.service.errors import InsecureListening
from carabin.service.testing.certificates import write_certificate
from carabin.trainer.errors import WatchFailed
from carabin.trainer.runtime.progress import Kind, Progress, RunEvent
from carabin.trainer.runtime.watch_client import follow
from carabin.trainer.runtime.watch_server import BACKLOG, KINDS, WatchRun, from_message, serve, to_message
from carabin.trainer.settings import TrainerSettings
from carabin.trainer.v1 import trainer_pb2 as pb

from ..helpers.training import EventRecorder

KEY = "correct-horse-battery"


def ignore(_: object) -> None:
    """Take an event and do nothing."""


def test_a_run_is_followed_with_its_key_over_tls_alone(tmp_path: Path) -> None:
    cert, key = write_certificate(tmp_path)
    settings = TrainerSettings.load(dataset="d", api_keys=f"ward:{KEY}", tls_cert=cert, tls_key=key)
    watch = WatchRun()
    server = serve(watch, 0, settings)
    address = f"127.0.0.1:{server.port}"
    try:
        Progress("r", (watch.publish,)).end("run r is finished", {"wer": 0.25})
        assert follow("r", address, ignore, token=KEY, authority=cert).text == "run r is finished"
        for token in (None, "wrong"):
            with pytest.raises(WatchFailed, match=r"token is needed|not known"):
                follow("r", address, ignore, token=token, authority=cert)
        with pytest.raises(WatchFailed, match=r"absent\.pem"):
            follow("r", address, ignore, token=KEY, authority=tmp_path / "absent.pem")
    finally:
        server.stop(0.0)


def test_a_network_cannot_follow_a_run_without_a_key() -> None:
    with pytest.raises(InsecureListening, match="CARABIN_TRAINER_API_KEYS"):
        serve(WatchRun(), 0, TrainerSettings.load(dataset="d", host="0.0.0.0"))
    assert TrainerSettings.load(dataset="d").host == AccessSettings().host == "127.0.0.1"


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("eta_s", [None, 0.0, 1.5])
def test_an_event_comes_back_as_it_was_sent(kind: Kind, eta_s: float | None) -> None:
    event = RunEvent("r", kind, "train", 3, 10, eta_s, 7, {"wer": 0.25}, "tout va bien")
    sent = pb.WatchRunResponse.FromString(to_message(event).SerializeToString())
    assert from_message(sent) == event


def test_a_kind_of_a_newer_trainer_is_read_as_a_note() -> None:
    assert from_message(pb.WatchRunResponse(run="r", kind=99, text="new")).kind == "note"  # type: ignore[arg-type]
    assert from_message(pb.WatchRunResponse(run="r")).kind == "note"


class Watcher:
    """A call of WatchRun in this process, whose messages are taken one at a time."""

    def __init__(self, watch: WatchRun) -> None:
        self.active = True
        self._messages: Iterator[pb.WatchRunResponse] = watch.WatchRun(pb.WatchRunRequest(run="r"), self)  # type: ignore[arg-type]

    def is_active(self) -> bool:
        return self.active

    def take(self) -> str:
        return next(self._messages).text

    def rest(self) -> list[str]:
        return [message.text for message in self._messages]


def test_a_watcher_that_lags_behind_misses_the_oldest_and_slows_nobody() -> None:
    watch = WatchRun()
    progress = Progress("r", (watch.publish,))
    progress.note("first")
    slow = Watcher(watch)
    assert slow.take() == "first"
    for number in range(BACKLOG + 2):
        progress.note(str(number))
    progress.end("end")
    assert slow.rest() == [*map(str, range(3, BACKLOG + 2)), "end"]


def test_a_late_watcher_begins_with_the_newest_event_and_one_after_the_end_gets_the_end_alone() -> None:
    watch = WatchRun()
    progress = Progress("r", (watch.publish,))
    for text in ("first", "second"):
        progress.note(text)
    late = Watcher(watch)
    assert late.take() == "second"
    progress.end("end")
    assert late.rest() == Watcher(watch).rest() == ["end"]


def test_a_watcher_that_left_is_forgotten() -> None:
    watch = WatchRun()
    progress = Progress("r", (watch.publish,))
    progress.note("first")
    watcher = Watcher(watch)
    watcher.take()
    assert len(watch._watchers) == 1
    watcher.active = False
    assert watcher.rest() == []
    assert watch._watchers == []


def test_a_watcher_gets_how_the_run_stands_what_follows_and_its_end() -> None:
    watch = WatchRun()
    server = serve(watch, 0, AccessSettings())
    try:
        progress, recorder, joined = Progress("r", (watch.publish,)), EventRecorder(), threading.Event()

        def listen(event: RunEvent) -> None:
            recorder(event)
            joined.set()

        with progress.phase("train", 10) as advance:
            advance(4, 10)
            follower = threading.Thread(target=follow, args=("r", f"127.0.0.1:{server.port}", listen))
            follower.start()
            assert joined.wait(30)
            progress.metrics(5, {"loss": 0.5})
        progress.end("run r is finished", {"wer": 0.25})
        follower.join(30)
        first, last = recorder.events[0], recorder.events[-1]
        assert (first.phase, first.done, first.total) == ("train", 4, 10)
        assert any(event.metrics == {"loss": 0.5} and event.step == 5 for event in recorder.events)
        assert (last.kind, last.text, dict(last.metrics)) == ("end", "run r is finished", {"wer": 0.25})
    finally:
        server.stop(0.0)
