"""Versions come from the store once, are validated, and stay while the store is away."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.registry.artifacts.publish import publish_model, read_manifest
from carabin.registry.artifacts.signing import signer
from carabin.registry.errors import AccessDenied, ClockSkewed, ManifestInvalid, StoreError, StoreUnreachable
from carabin.registry.layout import manifest_key, promotion_key
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.stages.promote import promote
from carabin.registry.testing.faulty import FaultyStore
from carabin.registry.testing.memory import MemoryStore
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.core.api import ModelInfo
from carabin.transcriber.core.errors import ModelUntrusted
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.lexicons import Lexicons
from carabin.transcriber.models.roles import ModelRoles
from carabin.transcriber.models.source import FolderSource, RegistrySource
from carabin.transcriber.testing.engine import FakeEngine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..helpers.real_models import FORMAT

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Deployment:
    """A store with versions of `whisper`, and a source that watches it."""

    def __init__(self, folder: Path, memory: MemoryStore | None = None) -> None:
        self.folder = folder
        self.memory = memory or MemoryStore()
        self.memory.ensure_bucket("models")
        self.store = FaultyStore(self.memory)
        self.cache = folder / "cache"
        self._files = folder / "files"
        self._files.mkdir(exist_ok=True)
        self._states: list[ModelInfo] = []
        self._changed = threading.Condition()
        self.windows: list[WindowPolicy] = []
        self.metrics = Metrics()
        self.threads = ThreadSupervisor()
        self.source = RegistrySource(
            "whisper",
            self.cache,
            Lexicons(),
            self.metrics,
            self.threads,
            store=self.store,
            bucket="models",
            poll_s=0.01,
        )
        self.models = ModelRoles("whisper", self.source.fetch, self._load, Metrics(), self.threads, changed=self._note)

    @property
    def store_away(self) -> bool:
        return self.source.store_away

    def publish(self, day: int, **options: object) -> str:
        (self._files / "model.bin").write_text(json.dumps({"day": day}))
        at = NOW + timedelta(days=day)
        return publish_model(self.memory, "models", "whisper", self._files, at, format=FORMAT, **options).version  # type: ignore[arg-type]

    def promote(self, version: str) -> None:
        promote(self.memory, "models", "whisper", version, by="test", reason="test", at=NOW)

    def wait_for(self, version: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(info.version == version for info in self._states), timeout=20)

    def wait_until(self, condition: Callable[[ModelInfo], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(condition, self._states)), timeout=20)

    def _note(self, info: ModelInfo) -> None:
        with self._changed:
            self._states.append(info)
            self._changed.notify_all()

    def _load(self, folder: Path, version: str, windows: WindowPolicy) -> FakeEngine:
        self.windows.append(windows)
        return FakeEngine(version, windows=windows)

    def __enter__(self) -> "Deployment":
        self.models.start()
        self.source.start(self.models)
        return self

    def __exit__(self, *_: object) -> None:
        self.source.stop()
        self.models.stop()


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


def test_a_tag_change_in_the_store_changes_the_model(deployment: Deployment) -> None:
    first, second = deployment.publish(1), deployment.publish(2)
    deployment.promote(first)
    with deployment:
        deployment.wait_for(first)
        deployment.promote(second)
        deployment.wait_for(second)


def test_the_manifests_windows_are_the_engines(deployment: Deployment) -> None:
    version = deployment.publish(1, min_window_frames=100, window_margin_frames=20)
    deployment.promote(version)
    with deployment:
        deployment.wait_for(version)
    assert deployment.windows == [WindowPolicy(min_frames=100, margin_frames=20)]


def test_the_store_may_go_away_and_come_back(deployment: Deployment) -> None:
    first, second = deployment.publish(1), deployment.publish(2)
    deployment.promote(first)
    with deployment:
        deployment.wait_for(first)
        assert deployment.store_away == 0
        deployment.store._fail_at = 0
        deployment.promote(second)
        assert deployment.models.slot().lease().version == first
        while not deployment.store_away:
            pass
        deployment.store.heal()
        deployment.wait_for(second)
        assert deployment.store_away == 0


def test_a_version_is_downloaded_once(deployment: Deployment) -> None:
    version = deployment.publish(1)
    deployment.source.fetch(version)
    for key in deployment.memory.list("models", f"whisper/versions/{version}/files/"):
        deployment.memory.delete("models", key)
    assert deployment.source.fetch(version).folder == deployment.cache / "whisper" / version


def test_a_copy_that_was_spoiled_on_the_disk_is_downloaded_again(deployment: Deployment) -> None:
    version = deployment.publish(1)
    folder = deployment.source.fetch(version).folder
    whole = (folder / "model.bin").read_bytes()
    (folder / "model.bin").write_bytes(b"spoiled")
    assert (deployment.source.fetch(version).folder / "model.bin").read_bytes() == whole


def test_copies_of_versions_that_serve_no_more_are_removed(deployment: Deployment) -> None:
    first, second = deployment.publish(1), deployment.publish(2)
    deployment.source.fetch(first)
    deployment.source.fetch(second)
    assert {path.name for path in (deployment.cache / "whisper").iterdir()} == {second, f"{second}.json"}


class LoadedTogether(Deployment):
    """While production is loaded, another role's updater fetches its version."""

    other = ""
    found: tuple[str, ...] = ()

    def _load(self, folder: Path, version: str, windows: WindowPolicy) -> FakeEngine:
        self.source.fetch(self.other)
        self.found = tuple(path.name for path in folder.iterdir())
        return super()._load(folder, version, windows)


def test_a_version_that_is_being_loaded_keeps_its_files_while_another_roles_version_is_fetched(tmp_path: Path) -> None:
    site = LoadedTogether(tmp_path)
    production, site.other = site.publish(1), site.publish(2)
    site.promote(production)
    with site:
        site.wait_for(production)
    assert site.found == ("model.bin",)


def test_fetching_from_a_store_that_is_away_says_so(deployment: Deployment) -> None:
    version = deployment.publish(1)
    deployment.store._fail_at = 0
    with pytest.raises(StoreUnreachable):
        deployment.source.fetch(version)


@pytest.mark.parametrize("error", [StoreUnreachable("it does not answer"), ClockSkewed("RequestTimeTooSkewed")])
def test_a_start_without_the_store_serves_what_was_in_production(deployment: Deployment, error: StoreError) -> None:
    version, newer = deployment.publish(1), deployment.publish(2)
    deployment.promote(version)
    with deployment:
        deployment.wait_for(version)
    later = Deployment(deployment.folder, deployment.memory)
    later.store._fail_at, later.store._error = 0, error
    with later:
        later.wait_for(version)
        deployment.promote(newer)
        later.store.heal()
        later.wait_for(newer)


def test_what_is_in_production_is_noted_with_its_files_where_the_disk_was_full_when_it_was_decided(
    deployment: Deployment,
) -> None:
    first, second = deployment.publish(1), deployment.publish(2)
    deployment.promote(first)
    noted = deployment.cache / "whisper" / ".production"
    with deployment:
        deployment.wait_for(first)
        in_the_way = noted.with_name("..production.part")
        in_the_way.mkdir()
        deployment.promote(second)
        deployment.wait_for(second)
        assert noted.read_text() == first
        in_the_way.rmdir()
        deployment.source.fetch(second)
    assert noted.read_text() == second


@pytest.mark.parametrize("spoilt", ["model.bin", "manifest"])
def test_a_spoilt_cache_is_not_served_without_the_store(deployment: Deployment, spoilt: str) -> None:
    version = deployment.publish(1)
    deployment.promote(version)
    with deployment:
        deployment.wait_for(version)
    cache = deployment.cache / "whisper"
    (cache / f"{version}.json" if spoilt == "manifest" else cache / version / spoilt).write_text("{}")
    later = Deployment(deployment.folder, deployment.memory)
    later.store._fail_at = 0
    with pytest.raises(StoreUnreachable):
        later.source.fetch(version)


def test_a_start_without_store_and_cache_says_that_the_store_is_away(deployment: Deployment) -> None:
    deployment.store._fail_at = 0
    with deployment, deployment._changed:
        assert deployment._changed.wait_for(
            lambda: any("registry cannot be read" in info.reason for info in deployment._states), timeout=20
        )


def test_without_a_production_version_the_reason_names_model_and_bucket(deployment: Deployment) -> None:
    deployment.publish(1)
    with deployment, deployment._changed:
        assert deployment._changed.wait_for(
            lambda: any("whisper" in info.reason for info in deployment._states), timeout=20
        )
        assert "models" in deployment._states[-1].reason


@pytest.mark.parametrize(
    ("folder", "place"), [("v1", "v1/manifest.json"), ("v1/files", "v1/manifest.json")], ids=["download", "backup"]
)
def test_a_local_folder_is_served_in_the_windows_of_its_manifest(
    deployment: Deployment, tmp_path: Path, folder: str, place: str
) -> None:
    (tmp_path / folder).mkdir(parents=True)
    source = FolderSource(tmp_path / folder, Lexicons())
    assert source.fetch("folder").windows == WindowPolicy()
    version = deployment.publish(1, min_window_frames=300, window_margin_frames=100)
    (tmp_path / place).write_bytes(read_manifest(deployment.memory, "models", "whisper", version).to_bytes())
    assert source.fetch("folder").windows == WindowPolicy(min_frames=300, margin_frames=100)
    (tmp_path / place).write_text("{")
    with pytest.raises(ManifestInvalid, match=r"manifest\.json"):
        source.fetch("folder")


def test_a_local_folder_is_served_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "cardiologie.txt").write_text("bisoprolol")
    lexicons = Lexicons()
    source = FolderSource(tmp_path, lexicons, tmp_path)
    loaded = threading.Event()
    models = ModelRoles(
        "whisper",
        source.fetch,
        lambda _, version, windows: FakeEngine(version, windows=windows),
        Metrics(),
        ThreadSupervisor(),
        changed=lambda info: loaded.set() if info.state == "steady" else None,
    )
    models.start()
    source.start(models)
    assert loaded.wait(20)
    assert models.slot().lease().version == f"folder-{tmp_path.name}"
    assert lexicons.vocabularies() == {"cardiologie": ("bisoprolol",)}
    models.stop()


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ed25519PrivateKey:
    """The key whose public half `CARABIN_SIGNING_TRUSTED` names."""
    key = Ed25519PrivateKey.generate()
    path = tmp_path / "trusted.pem"
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    monkeypatch.setenv("CARABIN_SIGNING_TRUSTED", json.dumps([str(path)]))
    return key


def test_an_unsigned_version_whose_stage_was_set_by_hand_is_refused_and_the_old_model_goes_on(
    tmp_path: Path, trusted: Ed25519PrivateKey
) -> None:
    site = Deployment(tmp_path)
    signed = site.publish(1, sign=signer(trusted))
    site.promote(signed)
    with site:
        site.wait_for(signed)
        unsigned = site.publish(2)
        site.memory.set_tags(
            "models", f"whisper/versions/{unsigned}/manifest.json", {"stage": "production", "promotion-seq": "9"}
        )
        with site._changed:
            assert site._changed.wait_for(lambda: any(info.target == unsigned for info in refusals(site)), timeout=20)
        refused = refusals(site)[-1]
        assert refused.version == signed
        assert f"whisper {unsigned} is refused: unsigned" in refused.reason
        assert not (site.cache / "whisper" / unsigned).exists(), "nothing of it was downloaded"


def test_a_signed_version_is_served_from_the_cache_while_the_store_is_away(
    tmp_path: Path, trusted: Ed25519PrivateKey
) -> None:
    site = Deployment(tmp_path)
    signed = site.publish(1, sign=signer(trusted))
    site.promote(signed)
    site.source.fetch(signed)
    site.store._fail_at = 0
    assert site.source.fetch(signed).version == signed
    remembered = site.cache / "whisper" / f"{signed}.json"
    remembered.write_bytes(remembered.read_bytes().replace(b'"n_mels": 80', b'"n_mels": 128'))
    with pytest.raises(ModelUntrusted, match="was changed after signing"):
        site.source.fetch(signed)


def refusals(site: Deployment) -> list[ModelInfo]:
    return [info for info in site._states if info.state == "failed"]


def test_a_model_name_that_the_store_does_not_hold_is_said_with_those_it_holds(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    (deployment.folder / "files" / "model.bin").write_text("x")
    for name in ("cardio", "radio"):
        publish_model(deployment.memory, "models", name, deployment.folder / "files", NOW, format=FORMAT)
    with deployment:
        deployment.wait_until(lambda info: "named" in info.reason)
    reason = deployment.models.production.info.reason
    assert reason == "bucket models holds no model named whisper: it holds cardio, radio"


def test_a_store_that_does_not_let_it_list_the_models_costs_a_reason_and_no_failure(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def folders(bucket: str, prefix: str) -> list[str]:
        if not prefix:
            raise AccessDenied(f"{bucket}: AccessDenied")
        return deployment.memory.folders(bucket, prefix)

    monkeypatch.setattr(deployment.store, "folders", folders)
    with deployment:
        deployment.wait_until(lambda info: "tagged production" in info.reason)
    assert "thread_failure" not in [getattr(record, "event", "") for record in caplog.records]


def test_a_manifest_that_was_changed_since_its_promotion_is_refused_and_an_untouched_one_is_not(
    deployment: Deployment,
) -> None:
    version = deployment.publish(1)
    deployment.promote(version)
    assert deployment.source.fetch(version).version == version
    key = manifest_key("whisper", version)
    document = {**json.loads(deployment.memory.get("models", key)), "metrics": {"wer": 0.0}}
    deployment.memory.put("models", key, json.dumps(document).encode())
    with pytest.raises(ManifestInvalid, match=f"{version} is not as it was when promotion 1 put it into use"):
        deployment.source.fetch(version)


@pytest.mark.parametrize("record", [b"{", b""])
def test_a_promotion_that_cannot_be_read_stops_no_version_whose_tag_says_that_it_serves(
    deployment: Deployment, record: bytes
) -> None:
    version = deployment.publish(1)
    deployment.promote(version)
    deployment.memory.put("models", promotion_key("whisper", 1), record)
    assert deployment.source.fetch(version).version == version
