"""How checkpoints leave the machine: when they are uploaded, with what, and what a failure leaves behind."""

import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from carabin.registry.artifacts.checkpoints import list_checkpoints, read_checkpoint
from carabin.registry.errors import AccessDenied, StoreUnreachable
from carabin.registry.serving_window import WindowPolicy
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.checkpoints.layout import STATE, folder_of, is_complete
from carabin.trainer.checkpoints.resume import RunFingerprint
from carabin.trainer.checkpoints.saver import Saver
from carabin.trainer.data.dictations import Dictation
from carabin.trainer.errors import LossNotFinite, Stopped, UploadFailed
from carabin.trainer.runtime.progress import Progress
from carabin.trainer.runtime.run import RunContext

from ..helpers.training import BUCKETS, a_store, run_record, settings

BUCKET = BUCKETS.checkpoints_bucket
WINDOW = WindowPolicy(min_frames=300, margin_frames=100)
SAMPLE = Dictation(np.zeros(1_600, np.float32), "Toux.", None, 0.1, "0" * 64)


class RefusingStore(MemoryStore):
    """A store whose uploads raise `error` while there is one."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._buckets = a_store()._buckets
        self.error: Exception | None = error

    def upload(self, bucket: str, key: str, path: Path) -> None:
        if self.error is not None:
            raise self.error
        super().upload(bucket, key, path)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "tokenizer.json").write_text("{}")
    return folder


Context = Callable[..., RunContext]


@pytest.fixture
def context(base: Path, tmp_path: Path) -> Context:
    """Makes what a run's phases share, with settings of its own."""

    def make(store: MemoryStore, **changes: object) -> RunContext:
        wanted = settings(base, tmp_path / "w", **{"upload_interval_s": 0.0, "upload_patience_s": 30.0, **changes})
        return RunContext(wanted, store, BUCKETS, Progress("r"), lambda: False)

    return make


def saver_of(run: RunContext, base: Path, dataset: str = "d") -> Saver:
    identity = RunFingerprint(architecture="a", base="b", dataset=dataset, replay="", schedule=run.schedule())
    return Saver(run, base, identity, {"run": "r"}, [SAMPLE])


def written(run: RunContext, step: int) -> Path:
    folder = folder_of(run.work, step)
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text(f"weights of step {step}")
    (folder / STATE).write_text("{}")
    return folder


def evaluated(run: RunContext) -> Path:
    folder = run.work / "final"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text("averaged")
    return folder


def save_and_fail(saver: Saver, run: RunContext, error: Exception) -> None:
    saver.add(2, written(run, 2), {})
    raise error


def stored(store: MemoryStore) -> list[int]:
    return [ref.step for ref in list_checkpoints(store, BUCKET, "r")]


def test_a_checkpoint_is_sealed_recorded_and_uploaded_with_all_that_it_needs(context: Context, base: Path) -> None:
    store = a_store()
    run = context(store)
    folder = written(run, 2)
    with saver_of(run, base) as saver:
        saver.add(2, folder, {"eval_loss": 0.5, "loss": math.nan})
        assert is_complete(folder)
        record = run_record(store, BUCKET, "r")
        assert (record.step, record.metrics) == (2, {"eval_loss": 0.5})
    manifest = read_checkpoint(store, BUCKET, "r", 2)
    assert {file.path for file in manifest.files} == {
        "model.safetensors", "tokenizer.json", "samples/samples.json", "samples/00.wav",
        f"training/{STATE}", "training/schedule.json", "training/complete.json",
    }  # fmt: skip
    assert (manifest.final, manifest.metrics) == (False, {"eval_loss": 0.5})
    assert manifest.source.items() >= {"run": "r"}.items()
    assert [path.name for path in run.work.iterdir()] == ["checkpoint-2"]


def test_between_two_uploads_checkpoints_stay_here_unless_the_process_leaves(context: Context, base: Path) -> None:
    store = a_store()
    run = context(store, upload_interval_s=3600.0)
    with saver_of(run, base) as saver:
        saver.add(2, written(run, 2), {})
        run.leaving = True
        saver.add(3, written(run, 3), {})
    assert stored(store) == [3]
    assert is_complete(folder_of(run.work, 2))


def test_only_the_main_process_uploads(context: Context, base: Path) -> None:
    store = a_store()
    run = context(store)
    run.processes = SimpleNamespace(is_main_process=False)  # type: ignore[assignment]
    with saver_of(run, base) as saver:
        folder = written(run, 2)
        saver.add(2, folder, {})
        saver.publish_final(evaluated(run), 7, {}, WINDOW)
        assert saver.find_kept() is None
    assert is_complete(folder)
    assert stored(store) == []
    assert (run.work / "final").is_dir()
    assert saver.published is None


def test_the_outcome_is_published_with_its_window_and_leaves_nothing_to_do(context: Context, base: Path) -> None:
    store = a_store()
    run = context(store)
    with saver_of(run, base) as saver:
        saver.publish_final(evaluated(run), 7, {"wer": 0.25, "cer": math.inf}, WINDOW)
    manifest = read_checkpoint(store, BUCKET, "r", 7)
    assert saver.published == manifest
    assert (manifest.final, manifest.metrics, manifest.window) == (True, {"wer": 0.25}, WINDOW)
    assert saver.find_kept() is None


def test_an_outcome_that_the_store_refuses_waits_for_the_next_start_of_the_same_run(
    context: Context, base: Path
) -> None:
    store = RefusingStore(AccessDenied("the key may not write there"))
    run = context(store)
    with pytest.raises(UploadFailed, match=r"may not write there; .*final-7"), saver_of(run, base) as saver:
        saver.publish_final(evaluated(run), 7, {"wer": 0.25}, WINDOW)
    store.error = None
    for other in (saver_of(context(store, learning_rate=1e-4), base), saver_of(run, base, dataset="another")):
        with other:
            assert other.find_kept() is None
    with saver_of(context(store, upload_interval_s=60.0), base) as again:
        kept = again.find_kept()
        assert kept is not None
        again.publish_kept(kept)
    assert read_checkpoint(store, BUCKET, "r", 7).metrics == {"wer": 0.25}


@pytest.mark.parametrize(
    "error", [Stopped("asked to"), LossNotFinite(4, ["ab"])], ids=lambda error: type(error).__name__
)
def test_a_store_that_is_away_does_not_hide_why_the_run_ends(context: Context, base: Path, error: Exception) -> None:
    store = RefusingStore(StoreUnreachable("no answer"))
    run = context(store, stop_grace_s=0.01)
    with pytest.raises(type(error)), saver_of(run, base) as saver:
        save_and_fail(saver, run, error)
    assert is_complete(folder_of(run.work, 2))


@pytest.mark.parametrize(
    "error", [Stopped("asked to"), LossNotFinite(4, ["ab"])], ids=lambda error: type(error).__name__
)
def test_the_last_checkpoint_before_an_error_still_reaches_the_store(
    context: Context, base: Path, error: Exception
) -> None:
    store = a_store()
    run = context(store)
    with pytest.raises(type(error)), saver_of(run, base) as saver:
        save_and_fail(saver, run, error)
    assert stored(store) == [2]
