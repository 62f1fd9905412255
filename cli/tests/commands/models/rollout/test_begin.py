"""What a rollout may begin with."""

from pathlib import Path

import pytest
from carabin.cli.commands.models.rollout.begin import production_to_replace
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.errors import PromotionRefused, Regression
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.rollouts import read_rollout

from ..conftest import FORMAT
from .conftest import BUCKET, NAME, NOW, Hospital, Quality


def publish(hospital: Hospital, folder: Path, wer: float) -> str:
    folder.mkdir()
    (folder / "model.bin").write_text(f"weights {wer}")
    return publish_model(hospital.store, BUCKET, NAME, folder, NOW, format=FORMAT, metrics={"wer": wer}).version


def test_a_version_that_was_ended_is_not_tried_again_by_a_job_that_is_repeated(hospital: Hospital) -> None:
    hospital.qualities[hospital.candidate] = Quality(empty=0.5)
    assert hospital.rollout().outcome == "ended"
    with pytest.raises(PromotionRefused, match=r"was ended before; `--again` tries once more: rollout ended at step 1"):
        hospital.rollout()
    hospital.qualities[hospital.candidate] = Quality()
    assert hospital.rollout(again=True).outcome == "arrived"


def test_another_canary_is_in_the_way(hospital: Hospital, tmp_path: Path) -> None:
    other = publish(hospital, tmp_path / "other", 0.15)
    set_stage(hospital.store, BUCKET, NAME, other, "canary", share=0.1, by="a", reason="r", at=NOW)
    with pytest.raises(PromotionRefused, match=f"{other} is canary: end that with"):
        hospital.rollout()
    assert read_rollout(hospital.store, BUCKET, NAME) is None


def test_a_shadow_is_in_the_way_of_a_shadow_step_alone(hospital: Hospital, tmp_path: Path) -> None:
    other = publish(hospital, tmp_path / "other", 0.15)
    hospital.qualities[other] = Quality()
    set_stage(hospital.store, BUCKET, NAME, other, "shadow", by="a", reason="r", at=NOW)
    with pytest.raises(PromotionRefused, match=f"{other} is shadow"):
        hospital.rollout(hospital.plan((0.0, 1.0)))
    assert hospital.rollout().outcome == "arrived"


def test_the_rollout_of_another_version_that_was_cut_off_is_named(hospital: Hospital, tmp_path: Path) -> None:
    hospital.stop_after_s = 120
    assert hospital.rollout().outcome == "running"
    hospital.candidate, cut_off = publish(hospital, tmp_path / "other", 0.05), hospital.candidate
    with pytest.raises(PromotionRefused, match=rf"a rollout of {cut_off} was cut off at step 1: run it again, or end"):
        hospital.rollout()


def test_what_replaces_nothing_is_refused(hospital: Hospital, tmp_path: Path) -> None:
    with pytest.raises(PromotionRefused, match="is in production already"):
        production_to_replace(hospital.context, hospital.production, force=False)
    worse = publish(hospital, tmp_path / "worse", 0.4)
    with pytest.raises(Regression, match=r"wer 0\.200 -> 0\.400"):
        production_to_replace(hospital.context, worse, force=False)
    assert production_to_replace(hospital.context, worse, force=True) == hospital.production
