"""A finished run answers for the training that it was, and for no other."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from carabin.registry.artifacts.checkpoints import CheckpointManifest, RunRecord
from carabin.registry.artifacts.datasets import find_dataset
from carabin.registry.artifacts.records import FileEntry
from carabin.trainer.checkpoints.lineage import fingerprint
from carabin.trainer.errors import BaseModelRefused, ResumeRefused
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.run import RECORDED, RunContext
from carabin.trainer.training.same_training import require_same_training

from ..helpers.training import BUCKETS, a_store, settings, tiny_whisper, tones

NOW = datetime(2026, 1, 1, tzinfo=UTC)
WEIGHTS = FileEntry(path="model.safetensors", size=1, sha256="0" * 64)
Ask = Callable[..., None]


@pytest.fixture
def base(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "base"))


@pytest.fixture
def ask(base: Path, tones_folder: Path, tmp_path: Path) -> Ask:
    """Finish a run on the dataset tones, and ask for it once more with some settings changed."""
    store = a_store(tones_folder, tones(tmp_path / "others", seed=9))
    medical = find_dataset(store, BUCKETS.datasets_bucket, "tones")
    source = {
        "base_model": str(base), "base_sha256": fingerprint(base),
        "dataset": "tones", "dataset_version": medical.version, "dataset_sha256": medical.fingerprint,
    }  # fmt: skip
    before = settings(base, tmp_path / "w").values_of(*RECORDED)

    def again(*, recorded: bool = True, lineage: dict[str, str] | None = None, **changes: Any) -> None:
        wanted = settings(base, tmp_path / "w", **changes)
        run = RunContext(wanted, store, BUCKETS, Progress("r", ()), lambda: False)
        done = CheckpointManifest(
            run="r", step=7, created_at=NOW, files=(WEIGHTS,), source=source if lineage is None else lineage, final=True
        )
        record = RunRecord(run="r", started_at=NOW, settings=before) if recorded else None
        dataset, replay = (
            find_dataset(store, BUCKETS.datasets_bucket, name) if name else None
            for name in (wanted.dataset, wanted.replay)
        )
        assert dataset is not None
        require_same_training(run, done, record, dataset, replay)

    return again


@pytest.mark.parametrize("recorded", [True, False])
def test_the_same_command_is_answered(ask: Ask, recorded: bool) -> None:
    ask(recorded=recorded)
    ask(recorded=recorded, upload_patience_s=7.0, stop_grace_s=3.0)


def test_the_same_bytes_under_another_name_are_the_same(ask: Ask, base: Path, tones_folder: Path) -> None:
    version = find_dataset(a_store(tones_folder), BUCKETS.datasets_bucket, "tones").version
    ask(dataset=f"tones@{version}", base=str(shutil.copytree(base, base.with_name("copy"))))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dataset": "others"}, "dataset is tones@.* in it and others@.* in this one"),
        ({"replay": "others"}, "replay is None in it and others@.* in this one"),
        ({"learning_rate": 5e-4}, "learning_rate is 0.001 in it and 0.0005 in this one"),
        ({"seed": 1, "mode": "lora"}, "mode is full in it and lora in this one, seed is 0 in it and 1 in this one"),
        ({"evaluate_limit": 9}, "evaluate_limit is 1 in it and 9 in this one"),
        ({"precision": "auto"}, "precision is fp32 in it and auto in this one"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_another_training_is_refused_by_what_differs(ask: Ask, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ResumeRefused, match=f"run r is finished, and is another training: {reason};") as refusal:
        ask(**changes)
    assert str(refusal.value).endswith("give the same settings, or another --run, which trains anew")


def test_another_base_is_refused_whatever_its_name(ask: Ask, base: Path, rebuilt: Path, tmp_path: Path) -> None:
    other = tiny_whisper(rebuilt, tmp_path / "other", seed=5)
    with pytest.raises(ResumeRefused, match=f"base is {base} in it and {other} in this one;"):
        ask(base=str(other))
    shutil.copyfile(other / "model.safetensors", base / "model.safetensors")
    with pytest.raises(ResumeRefused, match=f"base is {base} in it and {base} in this one, whose weights are others"):
        ask()


def test_a_base_that_is_not_there_any_more_is_taken_by_its_name_and_another_must_be_there(
    ask: Ask, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise ConnectionError("no route to the hub")

    monkeypatch.setattr("huggingface_hub.snapshot_download", away)
    shutil.rmtree(base)
    ask()
    with pytest.raises(BaseModelRefused, match="nobody/no-such-whisper"):
        ask(base="nobody/no-such-whisper")


def test_a_checkpoint_that_does_not_say_what_it_learnt_from_answers_for_nothing(ask: Ask) -> None:
    with pytest.raises(ResumeRefused, match="dataset is None in it and tones@"):
        ask(lineage={})
