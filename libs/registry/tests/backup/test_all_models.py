"""A backup of all models leaves out none, nor a lexicon without its model, and goes on behind one that fails."""

from pathlib import Path

from carabin.registry.artifacts.publish import publish_model
from carabin.registry.backup.all_models import backup_all, stored_models
from carabin.registry.backup.model import restore
from carabin.registry.layout import file_key
from carabin.registry.stages.lexicons import lexicons_in_use, promote_lexicon, publish_lexicon
from carabin.registry.stages.promote import promote
from carabin.registry.stages.read import read_production
from carabin.registry.store import PROBE_KEY, ObjectStore
from carabin.registry.testing.memory import MemoryStore

from ..conftest import FORMAT
from ..helpers.versions import NOW, model_folder


def publish(store: ObjectStore, bucket: str, tmp_path: Path, name: str) -> str:
    return publish_model(store, bucket, name, model_folder(tmp_path, name), NOW, format=FORMAT).version


def put_into_use(store: ObjectStore, bucket: str, model: str, name: str) -> None:
    version = publish_lexicon(store, bucket, model, name, b"bronchoscopie\n", NOW)
    promote_lexicon(store, bucket, model, name, version, by="a", reason="r", at=NOW)


def test_every_model_and_every_lexicon_is_brought_and_comes_back(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    versions = {name: publish(store, bucket, tmp_path, name) for name in ("cardio", "radio")}
    for name, version in versions.items():
        promote(store, bucket, name, version, by="a", reason="r", at=NOW)
    put_into_use(store, bucket, "radio", "general")
    put_into_use(store, bucket, "pneumo", "specialty.asthme")
    store.put(bucket, PROBE_KEY, b"no model of anybody")
    assert stored_models(store, bucket) == ["cardio", "pneumo", "radio"]
    done: list[str] = []
    assert backup_all(store, bucket, tmp_path / "all", lambda _: None, lambda name, _: done.append(name)) == {}
    assert done == ["cardio", "pneumo", "radio"]
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == done
    restored = MemoryStore()
    restored.ensure_bucket("models")
    for name in done:
        restore(restored, "models", name, tmp_path / "all" / name)
    assert {name: read_production(restored, "models", name) for name in versions} == versions
    assert set(lexicons_in_use(restored, "models", "radio")) == {"general"}
    assert set(lexicons_in_use(restored, "models", "pneumo")) == {"specialty.asthme"}


def test_one_that_fails_is_named_with_its_reason_and_the_others_are_done(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        version = publish(store, bucket, tmp_path, name)
        if name == "b":
            store.put(bucket, file_key(name, version, "model.bin"), b"spoiled")
    done: list[str] = []
    failures = backup_all(store, bucket, tmp_path / "all", lambda _: None, lambda name, _: done.append(name))
    assert done == ["a", "c"]
    assert list(failures) == ["b"]
    assert "its SHA-256 is not the manifest's" in failures["b"]


def test_an_empty_bucket_holds_no_model(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    assert stored_models(store, bucket) == []
    assert backup_all(store, bucket, tmp_path / "all", lambda _: None, lambda *_: None) == {}
    assert not (tmp_path / "all").exists()
