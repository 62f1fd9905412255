"""A good version arrives, a bad one is ended within its first step, and whoever is killed can be gone on from."""

from dataclasses import replace
from pathlib import Path

import pytest
from carabin.cli.commands.models.context import Context
from carabin.cli.commands.models.rollout.begin import begin_or_go_on
from carabin.cli.commands.models.rollout.controller import Rollout
from carabin.cli.commands.models.rollout.figures import SeriesSample
from carabin.cli.commands.models.rollout.source import FiguresUnavailable
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.errors import AccessDenied, ClockSkewed, RolloutTaken, StoreError
from carabin.registry.layout import file_key, rollout_key
from carabin.registry.stages.assign import set_stage
from carabin.registry.stages.log import read_stage_log
from carabin.registry.stages.promote import promote
from carabin.registry.stages.promotions import read_log
from carabin.registry.stages.read import read_decision
from carabin.registry.stages.resolve import Canary
from carabin.registry.testing.faulty import FaultyStore
from carabin.transcriber.metrics import Metrics

from ..conftest import FORMAT
from .conftest import BUCKET, EVERY_S, NAME, NOW, Hospital, Quality


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


def shares(hospital: Hospital) -> list[tuple[str, float | None]]:
    return [(record.stage, record.share) for record in read_stage_log(hospital.store, BUCKET, NAME)]


def test_a_good_version_arrives_by_its_steps_and_the_logs_hold_its_figures(hospital: Hospital) -> None:
    record = hospital.rollout()
    assert record.outcome == "arrived"
    assert shares(hospital) == [("canary", 0.05), ("canary", 0.25)]
    promotion = read_log(hospital.store, BUCKET, NAME)[-1]
    assert (promotion.version, promotion.previous, promotion.by) == (hospital.candidate, hospital.production, "dr-a")
    assert "fewer drug errors" in promotion.reason
    assert "slow" in promotion.reason
    assert "against production's" in promotion.reason
    assert hospital.now_s >= 2 * 600


@pytest.mark.parametrize(
    ("quality", "figure"),
    [
        (Quality(slow=0.6), "slow"),
        (Quality(empty=0.4), "empty"),
        (Quality(unsure=0.7), "unsure"),
        (Quality(retried=0.5), "retried"),
    ],
)
def test_a_worse_version_is_ended_within_its_first_step(hospital: Hospital, quality: Quality, figure: str) -> None:
    hospital.qualities[hospital.candidate] = quality
    record = hospital.rollout()
    assert (record.outcome, record.step) == ("ended", 0)
    assert hospital.now_s < 1200, "within the step, or until it had written enough"
    assert shares(hospital) == [("canary", 0.05), ("candidate", None)]
    ended = read_stage_log(hospital.store, BUCKET, NAME)[-1]
    assert ended.reason.startswith(f"rollout ended at step 1, 5%: {figure} ")
    assert "against production's" in ended.reason
    decision = read_decision(hospital.store, BUCKET, NAME)
    assert (decision.version, decision.canary) == (hospital.production, None)
    assert len(read_log(hospital.store, BUCKET, NAME)) == 1, "production was not touched"


def test_a_shadow_step_ends_a_version_that_writes_something_else(hospital: Hospital) -> None:
    hospital.qualities[hospital.candidate] = Quality(differs=0.8)
    record = hospital.rollout(hospital.plan((0.0, 0.1, 1.0)))
    assert (record.outcome, record.step) == ("ended", 0)
    assert shares(hospital) == [("shadow", None), ("candidate", None)]
    assert "ended at step 1, shadow: differs" in record.explanation


def test_a_version_goes_from_shadow_to_canary_to_production(hospital: Hospital) -> None:
    assert hospital.rollout(hospital.plan((0.0, 0.1, 1.0))).outcome == "arrived"
    assert shares(hospital) == [("shadow", None), ("canary", 0.1)]


def test_a_step_lasts_until_the_version_has_written_enough(hospital: Hospital) -> None:
    hospital.finals_a_look = 4
    assert hospital.rollout(hospital.plan((0.05, 1.0), hold_s=30.0)).outcome == "arrived"
    assert hospital.now_s > 600, "20 finals at 0.2 a look are 100 looks"


def test_figures_that_cannot_be_read_hold_the_step_and_are_named(hospital: Hospital) -> None:
    hospital.stop_after_s = 3600

    def spoil(samples: list[SeriesSample]) -> list[SeriesSample]:
        if hospital.now_s > 120:
            raise FiguresUnavailable("prometheus:9090 does not answer: Connection refused")
        return samples

    hospital.spoil = spoil
    record = hospital.rollout(hospital.plan(hold_s=300))
    assert (record.outcome, record.step, record.held_s) == ("running", 0, 120)
    assert read_decision(hospital.store, BUCKET, NAME).canary == Canary(hospital.candidate, 0.05)
    assert hospital.said[-1] == "holds: prometheus:9090 does not answer: Connection refused"


def test_a_prometheus_that_sees_no_pod_holds(hospital: Hospital) -> None:
    hospital.stop_after_s = 600
    hospital.spoil = lambda samples: [] if hospital.now_s > 60 else samples
    record = hospital.rollout()
    assert (record.outcome, record.held_s) == ("running", 60)
    assert hospital.said[-1].startswith(f"holds: no figures of {hospital.production}, which is in production")


def test_nobody_gets_the_canary_before_production_has_written_enough(hospital: Hospital) -> None:
    hospital.metrics = Metrics()
    hospital.finals_a_look, hospital.stop_after_s = 0, 600
    assert hospital.rollout().outcome == "running"
    assert hospital.said[-1] == "holds: production wrote fewer than 20 finals since its pods started"
    assert shares(hospital) == []


def test_a_store_that_does_not_answer_holds_and_loses_nothing(hospital: Hospital) -> None:
    healthy = hospital.context
    broken = FaultyStore(healthy.store, 0)
    hospital.stop_after_s = 300
    assert hospital.rollout().outcome == "running"
    lease = begin_or_go_on(healthy, hospital.candidate, hospital.plan, 60.0, hospital.surroundings)
    assert lease is not None
    lease._store = broken
    hospital.between_looks = lambda: broken.heal() if hospital.now_s > 600 else None
    hospital.stop_after_s = float("inf")
    rollout = Rollout(Context(broken, BUCKET, NAME), lease, hospital.surroundings, EVERY_S)
    assert rollout.run().outcome == "arrived"
    assert "holds: the store does not answer" in hospital.said


@pytest.mark.parametrize("error", [ClockSkewed("the clocks differ by an hour"), AccessDenied("the key was changed")])
def test_a_store_that_refuses_us_for_a_while_holds_and_loses_nothing(hospital: Hospital, error: StoreError) -> None:
    broken = FaultyStore(hospital.store, error=error)
    hospital.context = Context(broken, BUCKET, NAME)

    def between_looks() -> None:
        if 120 <= hospital.now_s <= 600:
            broken.fail_from_now()
            hospital.finals_a_look = 0
        else:
            hospital.finals_a_look = 60

    def speak() -> None:
        """Dictate with the version that a pod had: it looks at the store by itself."""
        broken.heal()
        Hospital.speak(hospital)

    hospital.speak = speak  # type: ignore[method-assign]
    hospital.between_looks = between_looks
    assert hospital.rollout().outcome == "arrived"
    assert f"holds: {error}" in hospital.said


def test_a_state_that_cannot_be_read_holds_until_it_can(hospital: Hospital) -> None:
    key, good = rollout_key(NAME), b""

    def between_looks() -> None:
        nonlocal good
        if hospital.now_s == 120:
            good = hospital.store.get(BUCKET, key)
            hospital.store.put(BUCKET, key, b"{")
        elif hospital.now_s == 240:
            assert read_decision(hospital.store, BUCKET, NAME).canary == Canary(hospital.candidate, 0.05)
            hospital.store.put(BUCKET, key, good)

    hospital.between_looks = between_looks
    assert hospital.rollout().outcome == "arrived"
    assert any(said.startswith(f"holds: {BUCKET}/{key}: ") for said in hospital.said)


def test_a_version_that_production_cannot_take_is_ended(hospital: Hospital) -> None:
    """Its files are gone: the tags do not say so."""

    def between_looks() -> None:
        if hospital.now_s == 120:
            hospital.store.delete(BUCKET, file_key(NAME, hospital.candidate, "model.bin"))

    hospital.between_looks = between_looks
    record = hospital.rollout()
    assert record.outcome == "abandoned"
    assert "production refused the version" in record.explanation
    decision = read_decision(hospital.store, BUCKET, NAME)
    assert (decision.version, decision.canary) == (hospital.production, None)


def test_whoever_is_stopped_is_gone_on_from_at_the_same_step(hospital: Hospital) -> None:
    hospital.stop_after_s = 900
    stopped = hospital.rollout()
    assert (stopped.outcome, stopped.step) == ("running", 1)
    hospital.stop_after_s = float("inf")
    record = hospital.rollout()
    assert record.outcome == "arrived"
    assert "goes on with step 2 of 5%, 25%, 100%, as it was begun" in hospital.said
    assert shares(hospital) == [("canary", 0.05), ("canary", 0.25)]
    slow = record.evidence["slow"]
    assert slow.canary_finals > stopped.evidence["slow"].canary_finals > 0


@pytest.mark.parametrize("quality", [Quality(), Quality(empty=0.5)])
def test_a_process_killed_at_any_write_is_gone_on_from_to_the_same_end(hospital: Hospital, quality: Quality) -> None:
    """Each process is killed at its first, second, third... write to the store, and one of them finishes."""
    hospital.qualities[hospital.candidate] = quality
    inner, outcome, kills = hospital.store, "running", 0
    plan = hospital.plan(hold_s=60.0)
    while outcome == "running":
        hospital.context = Context(FaultyStore(inner, kills % 7, Killed(), writes_only=True), BUCKET, NAME)
        try:
            outcome = hospital.rollout(plan).outcome
        except Killed:
            kills += 1
            hospital.wait(62.0)
        assert kills < 300
    assert kills >= 7, "every place of a process was tried"
    decision = read_decision(inner, BUCKET, NAME)
    good = quality == Quality()
    assert outcome == ("arrived" if good else "ended")
    assert decision.version == (hospital.candidate if good else hospital.production)
    assert decision.canary is None


def test_two_at_once_are_refused(hospital: Hospital) -> None:
    """The second waits until the first would be taken for dead; by then the first has looked again."""

    def wait(_: float) -> bool:
        key = rollout_key(NAME)
        hospital.store.put(BUCKET, key, hospital.store.get(BUCKET, key))
        return False

    patient = replace(hospital.surroundings, wait=wait)

    def second() -> None:
        if hospital.now_s == 120:
            with pytest.raises(RolloutTaken, match="is under way"):
                begin_or_go_on(hospital.context, hospital.candidate, hospital.plan, 60.0, patient)

    hospital.between_looks = second
    assert hospital.rollout().outcome == "arrived"


def test_whoever_lost_the_rollout_changes_nothing_more(hospital: Hospital) -> None:
    lease = begin_or_go_on(hospital.context, hospital.candidate, hospital.plan, 60.0, hospital.surroundings)
    assert lease is not None
    hospital.passed_s[0] += 100
    assert begin_or_go_on(hospital.context, hospital.candidate, hospital.plan, 60.0, hospital.surroundings)
    with pytest.raises(RolloutTaken, match="another process carries the rollout on"):
        Rollout(hospital.context, lease, hospital.surroundings, EVERY_S).run()
    assert shares(hospital) == []


def test_a_canary_that_somebody_ended_stays_ended(hospital: Hospital) -> None:
    def end() -> None:
        if hospital.now_s == 120:
            set_stage(hospital.store, BUCKET, NAME, hospital.candidate, "archived", by="dr-b", reason="no", at=NOW)

    hospital.between_looks = end
    record = hospital.rollout()
    assert record.outcome == "abandoned"
    assert shares(hospital)[-1] == ("archived", None)


def test_a_production_that_somebody_changed_ends_the_trial(hospital: Hospital, tmp_path: Path) -> None:
    folder = tmp_path / "third"
    folder.mkdir()
    (folder / "model.bin").write_text("weights of a third")
    third = publish_model(hospital.store, BUCKET, NAME, folder, NOW, format=FORMAT, metrics={"wer": 0.1}).version
    hospital.qualities[third] = Quality()

    def change() -> None:
        if hospital.now_s == 120:
            promote(hospital.store, BUCKET, NAME, third, by="dr-b", reason="urgent", at=NOW)

    hospital.between_looks = change
    record = hospital.rollout()
    assert record.outcome == "abandoned"
    assert f"production is {third} and no longer {hospital.production}" in record.explanation
    decision = read_decision(hospital.store, BUCKET, NAME)
    assert (decision.version, decision.canary) == (third, None)
