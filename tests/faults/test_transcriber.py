"""A real transcriber behind a store whose every kind of request can fail while a model is watched for and loaded.

Somebody dictates meanwhile, and must get what he gets of a sound store: every final, at the same times. Each kind of
request gets one fault by default; `CARABIN_TEST_FAULTS=all` gives each kind every fault.
"""

import asyncio
import itertools
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.promote import promote
from carabin.registry.testing.proxy import Fault, ProxiedRequest, StoreProxy, no_fault

from .conftest import EVERY_FAULT, ROOT, as_role
from .dictations import Dictated, dictate, publish_next, require_nothing_lost, tiny_model
from .transcriber import WRONG_EVENTS, Serving, serving

MODEL = "tiny"
KINDS = {
    "the promotions": rf"list-type=2.*prefix={MODEL}%2Fpromotions%2F",
    "the stages": rf"list-type=2.*prefix={MODEL}%2Fstages%2F",
    "the versions": rf"list-type=2.*prefix={MODEL}%2Fversions%2F",
    "a log's head": rf"/{MODEL}/(?:promotions|stages)/head\.json",
    "a promotion": rf"/{MODEL}/promotions/\d+",
    "the tags": r"/versions/.*\?tagging",
    "the manifest": r"/manifest\.json(?!\?tagging)",
    "the weights": r"/model\.bin",
    "the tokenizer": r"/tokenizer\.json",
}
"""What a request asks for, and how its path is known."""
PASSING = (Fault.REFUSE, Fault.DELAY, Fault.UNAVAILABLE, Fault.LOSE_ANSWER)
"""Once, they cost no version its turn: the client, or the next look at the store, asks again."""
FAULTS = (*PASSING, Fault.CUT_BODY, Fault.CUT_TEXT, Fault.DENY, Fault.CORRUPT)
CHOSEN = (
    list(itertools.product(KINDS, FAULTS))
    if EVERY_FAULT
    else [(kind, FAULTS[number % len(FAULTS)]) for number, kind in enumerate(KINDS)]
)
FILES = ("the weights", "the tokenizer")


class Scene:
    """A transcriber behind a proxy, and the registry as its administrator sees it."""

    def __init__(self, transcriber: Serving, proxy: StoreProxy, settings: StoreSettings, files: Path) -> None:
        self.transcriber, self.proxy, self.files = transcriber, proxy, files
        self.store, self.bucket = MinioStore(settings), settings.models_bucket
        self.alone = Dictated([], 0)

    def publish(self) -> str:
        """Publish the next version."""
        return publish_next(self.store, self.bucket, MODEL, self.files)

    def promote(self, version: str) -> None:
        promote(self.store, self.bucket, MODEL, version, by="test", reason="test", at=datetime.now(UTC))

    def until_decided(self, version: str) -> dict[str, str]:
        """Wait until the version serves or was refused; return what the service says of its model."""

        def decided() -> bool:
            model = self.model()
            return model["version"] == version or (model["state"], model["target"]) == ("failed", version)

        self.transcriber.wait_until(decided, f"{version} serves or is refused")
        return self.model()

    def model(self) -> dict[str, str]:
        status, body = self.transcriber.ask("/v1/model")
        assert status == 200
        return body


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def scene(store: StoreSettings, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with StoreProxy(store.endpoint).running() as proxy:
        environment = as_role(store, "transcriber") | {
            "CARABIN_STORE_ENDPOINT": proxy.endpoint,
            "CARABIN_TRANSCRIBER_MODEL_NAME": MODEL,
            "CARABIN_TRANSCRIBER_POLL_S": "0.5",
        }
        with serving(tmp_path_factory.mktemp("transcriber"), environment) as transcriber:
            scene = Scene(transcriber, proxy, store, files)
            first = scene.publish()
            scene.promote(first)
            transcriber.until_ready(first)
            scene.alone = asyncio.run(dictate(transcriber))
            yield scene
            proxy.plan = no_fault
            assert transcriber.wrong_events() == []


class Once:
    """Breaks the first request of a kind."""

    def __init__(self, kind: str, fault: Fault) -> None:
        self._pattern, self._fault = re.compile(KINDS[kind]), fault
        self.done = threading.Event()

    def __call__(self, request: ProxiedRequest) -> Fault | None:
        if self.done.is_set() or not self._pattern.search(request.path):
            return None
        self.done.set()
        return self._fault


@contextmanager
def speaking(scene: Scene) -> Iterator[None]:
    """Dictate for as long as the block lasts; what was said must have been written."""
    over = threading.Event()
    with ThreadPoolExecutor(1) as speaker:
        spoken = speaker.submit(asyncio.run, dictate(scene.transcriber, over))
        try:
            yield
        finally:
            scene.proxy.plan = no_fault
            over.set()
        require_nothing_lost(spoken.result(), scene.alone)


@pytest.mark.parametrize(("kind", "fault"), CHOSEN)
def test_a_fault_costs_no_dictation_and_leaves_a_model_in_use(kind: str, fault: Fault, scene: Scene) -> None:
    old, new, plan = scene.model()["version"], scene.publish(), Once(kind, fault)
    with speaking(scene):
        scene.proxy.plan = plan
        scene.promote(new)
        model = scene.until_decided(new)
        scene.transcriber.wait_until(plan.done.is_set, f"{kind} were asked for")
        assert scene.transcriber.ask("/readyz")[0] == 200
    if fault is Fault.CORRUPT and kind in FILES:
        assert model["version"] == old, "bytes that were changed on the way serve"
    if model["version"] != new:
        assert fault not in PASSING, model
        assert model["version"] == old
        assert new in model["reason"], model["reason"]


def test_a_store_that_stays_away_costs_nothing_but_the_new_version_its_turn(scene: Scene) -> None:
    old, new = scene.model()["version"], scene.publish()
    with speaking(scene):
        scene.proxy.plan = lambda _: Fault.REFUSE
        scene.promote(new)
        scene.transcriber.wait_until(
            lambda: scene.transcriber.metric("carabin_transcriber_store_away") == 1, "the outage was seen"
        )
        assert scene.model()["version"] == old
        assert scene.transcriber.ask("/readyz")[0] == 200
    assert scene.until_decided(new)["version"] == new


@pytest.mark.parametrize("event", sorted(WRONG_EVENTS))
def test_the_mistakes_that_are_looked_for_in_its_log_are_called_so_there(event: str) -> None:
    sources = (ROOT / "services/transcriber/src", ROOT / "libs/service/src")
    texts = (path.read_text(encoding="utf-8") for folder in sources for path in folder.rglob("*.py"))
    assert any(f'"event": "{event}"' in text for text in texts)
