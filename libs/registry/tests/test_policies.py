"""Each role may do its work and nothing else, as a real store enforces the shipped policies.

SeaweedFS enforces actions and resources. It knows no condition on the tags of a request, and no package index holds a
server that does: that a version may not be born `stage=production` is enforced by MinIO and AWS alone. Here the
policies themselves are judged as those judge them, by an evaluator of their rules.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from carabin.registry.artifacts.checkpoints import RunRecord, publish_checkpoint, read_checkpoint, write_run
from carabin.registry.artifacts.publish import fetch_model, publish_model, read_manifest
from carabin.registry.backup.model import backup
from carabin.registry.embedded.store import EmbeddedStore
from carabin.registry.errors import AccessDenied
from carabin.registry.layout import (
    checkpoint_file_key,
    file_key,
    manifest_key,
    promotion_key,
    stage_key,
    vocabulary_key,
)
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.promote import promote, rollback
from carabin.registry.stages.read import read_decision
from pydantic import SecretStr

from .conftest import FORMAT
from .helpers.policy_rules import allows
from .helpers.versions import NAME, NOW, model_folder, publish

POLICIES = Path(__file__).parents[3] / "k8s" / "policies"
ROLES = ("trainer", "exporter", "promoter", "transcriber")
SECRET = "a-secret-of-the-tests"


def policy(role: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((POLICIES / f"{role}.json").read_text())
    return document


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, MinioStore]]:
    """A client for each role, and `admin`, on a store that enforces the policies."""
    folder = tmp_path_factory.mktemp("policies")
    users: list[dict[str, Any]] = [{"name": role, "policyNames": [role]} for role in ROLES]
    users.append({"name": "admin", "actions": ["Admin"]})
    for user in users:
        user["credentials"] = [{"accessKey": user["name"], "secretKey": SECRET}]
    policies = [{"name": role, "content": json.dumps(policy(role))} for role in ROLES]
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": users, "policies": policies}))
    embedded = EmbeddedStore(folder / "store", options=(f"-s3.config={config}",), admin=("admin", SECRET))
    with embedded as settings:
        yield {name: MinioStore(_as(settings, name)) for name in (*ROLES, "admin")}


def _as(settings: StoreSettings, name: str) -> StoreSettings:
    return settings.model_copy(update={"access_key": name, "secret_key": SecretStr(SECRET)})


def test_the_roles_do_the_whole_work_between_them(stores: dict[str, MinioStore], tmp_path: Path) -> None:
    trainer, exporter = stores["trainer"], stores["exporter"]
    promoter, transcriber = stores["promoter"], stores["transcriber"]
    folder = model_folder(tmp_path, "checkpoint")
    write_run(trainer, "checkpoints", RunRecord(run="run", started_at=NOW))
    publish_checkpoint(trainer, "checkpoints", "run", 1, folder, NOW, source={}, metrics={})
    assert read_checkpoint(exporter, "checkpoints", "run", 1).step == 1
    exporter.create("models", f"{NAME}/exports/1.json", b"{}")
    exporter.replace("models", f"{NAME}/exports/1.json", b"[]", exporter.stat("models", f"{NAME}/exports/1.json").etag)
    first, second = (publish(exporter, "models", tmp_path, content) for content in ("first", "second"))
    promote(promoter, "models", NAME, first, by="a", reason="r", at=NOW)
    promote(promoter, "models", NAME, second, by="a", reason="r", at=NOW)
    rollback(promoter, "models", NAME, by="a", reason="r", at=NOW)
    set_stage(promoter, "models", NAME, second, "canary", share=0.1, by="a", reason="r", at=NOW)
    decision = read_decision(transcriber, "models", NAME)
    assert decision.version == first
    assert decision.canary is not None
    manifest = read_manifest(transcriber, "models", NAME, first)
    assert fetch_model(transcriber, "models", manifest, tmp_path / "got").is_dir()


def test_the_key_that_writes_nothing_is_enough_for_a_backup(stores: dict[str, MinioStore], tmp_path: Path) -> None:
    version = publish(stores["exporter"], "models", tmp_path, "kept")
    promote(stores["promoter"], "models", NAME, version, by="a", reason="r", at=NOW)
    backup(stores["transcriber"], "models", NAME, tmp_path / "backup")
    objects = tmp_path / "backup/objects"
    kept = {path.relative_to(objects).as_posix() for path in objects.rglob("*") if path.is_file()}
    assert kept == set(stores["admin"].list("models", f"{NAME}/"))


@pytest.fixture(scope="module")
def victim(stores: dict[str, MinioStore], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A version in production that nobody but the promoter may touch."""
    folder = model_folder(tmp_path_factory.mktemp("victim"), "victim")
    version = publish_model(stores["admin"], "models", "victim", folder, NOW, format=FORMAT).version
    promote(stores["admin"], "models", "victim", version, by="a", reason="r", at=NOW)
    return version


MANIFEST, WEIGHTS, LOG, STAGES = "a manifest", "weights", "the promotion log", "the log of stages"
CHECKPOINT, DATASET, VOCABULARY = "a checkpoint", "a dataset", "a vocabulary"


def place(what: str, version: str) -> tuple[str, str]:
    return {
        MANIFEST: ("models", manifest_key("victim", version)),
        WEIGHTS: ("models", file_key("victim", version, "model.bin")),
        LOG: ("models", promotion_key("victim", 1)),
        STAGES: ("models", stage_key("victim", 1)),
        VOCABULARY: ("models", vocabulary_key("victim", "drugs")),
        CHECKPOINT: ("checkpoints", checkpoint_file_key("victim", 1, "model.safetensors")),
        DATASET: ("datasets", "victim/v1/data/train.parquet"),
    }[what]


MAY_WRITE = {
    "trainer": {CHECKPOINT},
    "exporter": {MANIFEST, WEIGHTS},
    "promoter": {LOG, STAGES},
    "transcriber": set(),
}


@pytest.mark.parametrize("what", [MANIFEST, WEIGHTS, LOG, STAGES, CHECKPOINT, DATASET, VOCABULARY])
@pytest.mark.parametrize("role", ROLES)
def test_a_role_writes_its_own_places_alone(stores: dict[str, MinioStore], victim: str, role: str, what: str) -> None:
    bucket, key = place(what, victim)
    key = key if what != MANIFEST else manifest_key("victim", f"by-{role}")
    if what in MAY_WRITE[role]:
        stores[role].put(bucket, f"{key}.by-{role}" if what == LOG else key, b"mine")
        return
    with pytest.raises(AccessDenied):
        stores[role].put(bucket, key, b"mine")


@pytest.mark.parametrize("role", [role for role in ROLES if role != "promoter"])
def test_nobody_but_the_promoter_sets_a_stage(stores: dict[str, MinioStore], victim: str, role: str) -> None:
    before = stores["admin"].get_tags("models", manifest_key("victim", victim))
    with pytest.raises(AccessDenied):
        stores[role].set_tags("models", manifest_key("victim", victim), {"stage": "production"})
    assert stores["admin"].get_tags("models", manifest_key("victim", victim)) == before


@pytest.mark.parametrize("what", [MANIFEST, WEIGHTS, LOG])
@pytest.mark.parametrize("role", ROLES)
def test_nobody_deletes_from_the_registry(stores: dict[str, MinioStore], victim: str, role: str, what: str) -> None:
    bucket, key = place(what, victim)
    stores["admin"].exists(bucket, key)
    with pytest.raises(AccessDenied):
        stores[role].delete(bucket, key)


def test_the_transcriber_sees_no_recordings(stores: dict[str, MinioStore]) -> None:
    stores["admin"].put("datasets", "victim/v1/data/train.parquet", b"PAR1")
    for bucket in ("datasets", "checkpoints"):
        with pytest.raises(AccessDenied):
            stores["transcriber"].list(bucket, "")
    with pytest.raises(AccessDenied):
        stores["transcriber"].get("datasets", "victim/v1/data/train.parquet")
    with pytest.raises(AccessDenied):
        stores["promoter"].get("datasets", "victim/v1/data/train.parquet")


STAGES_OF_THE_WORLD = ("candidate", "production", "canary", "shadow", "archived")
BORN = "models/cardio/versions/v1/manifest.json"


def may(role: str, action: str, resource: str, stage: str | None = None) -> bool:
    tags = {"s3:RequestObjectTag/stage": stage} if stage else {}
    return allows(policy(role), f"s3:{action}", resource, tags)


@pytest.mark.parametrize("stage", STAGES_OF_THE_WORLD)
def test_by_the_policy_the_exporters_versions_are_born_as_candidates_or_not_at_all(stage: str) -> None:
    """A birth with tags needs both rights, where the store looks at the tags of a request."""
    born = may("exporter", "PutObject", BORN, stage) and may("exporter", "PutObjectTagging", BORN, stage)
    assert born == (stage == "candidate")
    assert not may("exporter", "PutObjectTagging", "models/cardio/versions/v1/files/model.bin", stage)


@pytest.mark.parametrize("stage", STAGES_OF_THE_WORLD)
@pytest.mark.parametrize("role", ROLES)
def test_by_the_policies_nobody_but_the_promoter_moves_a_version_to_another_stage(role: str, stage: str) -> None:
    allowed = may(role, "PutObjectTagging", BORN, stage)
    assert allowed == (role == "promoter" or (role == "exporter" and stage == "candidate"))


@pytest.mark.parametrize("role", ROLES)
def test_the_policies_say_of_the_logs_what_the_store_enforces(role: str) -> None:
    names = ("promotions/0000000001.json", "stages/0000000001.json", "rollouts/state.json")
    for key in (f"models/cardio/{name}" for name in names):
        assert may(role, "PutObject", key) == (role == "promoter")
        assert not may(role, "DeleteObject", key)
        assert may(role, "GetObject", key)


@pytest.mark.parametrize("role", ROLES)
def test_no_policy_grants_by_wildcard(role: str) -> None:
    for statement in policy(role)["Statement"]:
        assert all(action.startswith("s3:") and "*" not in action for action in statement["Action"])
        assert all(resource.removeprefix("arn:aws:s3:::")[0] != "*" for resource in statement["Resource"])
