"""A real trainer whose store, disk, memory, clock or process fails at any of its steps: the run ends all the same.

Either it ends at once, or with one error that names the cause, and the same command finishes it. No optimizer step is
lost or taken twice: the weights are those of a run to which nothing happened, bit by bit. By default each fault meets
some of the steps that a first run has, spread over it; `CARABIN_TEST_FAULTS=all` gives each of them every fault.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from carabin.registry.settings import StoreSettings
from carabin.registry.testing.proxy import Fault, Plan, ProxiedRequest, no_fault

from .conftest import EVERY_FAULT, at_share, shares
from .forked import Ended
from .trainer import FINAL, PROGRAM, STEPS, Trainings, Undisturbed, trainings, undisturbed, weights

PASSING = (Fault.REFUSE, Fault.LOSE_ANSWER, Fault.UNAVAILABLE, Fault.DELAY)
"""Once, they must cost nothing: the client, or the uploader, asks again."""
REFUSING = (Fault.CUT_BODY, Fault.CUT_TEXT, Fault.CORRUPT, Fault.DENY, Fault.FULL, Fault.SKEWED)
CLOCKS = ("clock ahead", "clock far ahead", "clock far behind")
NATIVE_END = 127
"""The C library's exit status where it gets no memory for a thread's own data."""
MOST_KINDS = 210
"""More than a run has: of steps, and of requests. Each kind has a test of its own where there is one for each."""


@pytest.fixture(scope="module")
def scene(store: StoreSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainings]:
    with trainings(store, tmp_path_factory.mktemp("trainings")) as running:
        yield running


@pytest.fixture(scope="module")
def sound(scene: Trainings, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(scene, tmp_path_factory.mktemp("undisturbed"))


def require_one_error(ended: Ended) -> str:
    """It must have failed with one sentence that says why; return it."""
    return ended.require_one_error(PROGRAM)


def require_finished(scene: Trainings, sound: Undisturbed, run: str, folder: Path) -> None:
    """The store must hold the whole outcome of the undisturbed run, and the machine nothing of it any more."""
    final, record = scene.final(run), scene.record(run)
    assert final is not None
    assert final.final
    assert weights(final) == sound.weights, "a step was lost, or taken twice"
    assert record is not None
    assert (record.state, record.step) == ("finished", STEPS)
    scene.require_whole(run, folder / "read")
    assert not (folder / "work" / run).exists()


def require_recovers(scene: Trainings, sound: Undisturbed, run: str, folder: Path) -> None:
    """The same command must finish the run."""
    again = scene.train(run, folder)
    assert again.code == 0, again.output
    assert "Traceback" not in again.output, again.output
    require_finished(scene, sound, run, folder)


def only(number: int, fault: Fault) -> Plan:
    """Break one request, counted from now."""
    return lambda request: fault if request.number == number else None


def broken_once(scene: Trainings, number: int, fault: Fault, run: str, folder: Path) -> Ended:
    scene.proxy.requests.clear()
    scene.proxy.plan = only(number, fault)
    try:
        return scene.train(run, folder)
    finally:
        scene.proxy.plan = no_fault


@pytest.mark.parametrize(("fault", "share"), shares(PASSING, MOST_KINDS, each=1))
def test_a_fault_of_the_network_at_any_request_costs_nothing(
    fault: Fault, share: float, scene: Trainings, sound: Undisturbed, tmp_path: Path
) -> None:
    run = scene.new_name()
    ended = broken_once(scene, at_share(share, MOST_KINDS, sound.kinds_of_requests), fault, run, tmp_path)
    assert ended.code == 0, ended.output
    require_finished(scene, sound, run, tmp_path)


@pytest.mark.parametrize(("fault", "share"), shares(REFUSING, MOST_KINDS, each=1))
def test_an_answer_that_refuses_or_is_damaged_ends_the_run_with_its_reason_at_most(
    fault: Fault, share: float, scene: Trainings, sound: Undisturbed, tmp_path: Path
) -> None:
    run = scene.new_name()
    ended = broken_once(scene, at_share(share, MOST_KINDS, sound.kinds_of_requests), fault, run, tmp_path)
    if ended.code:
        assert scene.proxy.endpoint in require_one_error(ended) or "SHA-256" in ended.output
    require_recovers(scene, sound, run, tmp_path)


@pytest.mark.parametrize(("fault", "share"), shares(["killed"], MOST_KINDS, each=6))
def test_a_run_killed_at_any_step_is_finished_by_the_same_command(
    fault: str, share: float, scene: Trainings, sound: Undisturbed, tmp_path: Path
) -> None:
    run = scene.new_name()
    scene.train(run, tmp_path, at_share(share, MOST_KINDS, sound.kinds_of_steps), fault)
    require_recovers(scene, sound, run, tmp_path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_run_killed_while_a_request_is_answered_is_finished_by_the_same_command(
    share: float, scene: Trainings, sound: Undisturbed, tmp_path: Path
) -> None:
    run, number = scene.new_name(), sound.request_at(share)

    def kill(request: ProxiedRequest) -> Fault | None:
        if request.number != number:
            return None
        scene.server.kill_now()
        return Fault.LOSE_ANSWER

    scene.proxy.requests.clear()
    scene.proxy.plan = kill
    ended = scene.train(run, tmp_path)
    scene.proxy.plan = no_fault
    assert ended.code < 0
    require_recovers(scene, sound, run, tmp_path)


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_run_whose_machine_was_lost_goes_on_elsewhere_from_the_store_alone(
    share: float, scene: Trainings, sound: Undisturbed, tmp_path: Path
) -> None:
    run = scene.new_name()
    scene.train(run, tmp_path, sound.step_at(share), "killed")
    shutil.rmtree(tmp_path / "work")
    require_recovers(scene, sound, run, tmp_path)


@pytest.mark.parametrize(("fault", "share"), shares(["disk full"], MOST_KINDS, each=6))
def test_a_disk_that_is_full_from_any_step_on_is_named_and_the_run_goes_on_once_there_is_room(
    fault: str, share: float, scene: Trainings, sound: Undisturbed, tmp_path: Path
) -> None:
    run = scene.new_name()
    ended = scene.train(run, tmp_path, at_share(share, MOST_KINDS, sound.kinds_of_steps), fault)
    if ended.code:
        error = require_one_error(ended)
        assert "large" in error or "space" in error, error
    require_recovers(scene, sound, run, tmp_path)


@pytest.mark.parametrize(("fault", "share"), shares(["memory short"], MOST_KINDS, each=4))
def test_a_machine_short_of_memory_is_named_and_the_run_goes_on_once_there_is_some(
    fault: str, share: float, scene: Trainings, sound: Undisturbed, tmp_path: Path
) -> None:
    run = scene.new_name()
    ended = scene.train(run, tmp_path, at_share(share, MOST_KINDS, sound.kinds_of_steps), fault)
    if 0 < ended.code != NATIVE_END:  # below 0: native code that gets no memory ends its process
        assert "memory" in require_one_error(ended)
    require_recovers(scene, sound, run, tmp_path)


@pytest.mark.parametrize(("fault", "share"), shares(CLOCKS, MOST_KINDS, each=1))
def test_a_clock_that_jumps_at_any_step_changes_nothing_but_times(
    fault: str, share: float, scene: Trainings, sound: Undisturbed, tmp_path: Path
) -> None:
    run, step = scene.new_name(), at_share(share, MOST_KINDS, sound.kinds_of_steps)
    ended = scene.train(run, tmp_path, step, fault, patience_s=5)  # a clock that stays wrong is waited for as long
    if ended.code:
        assert "far" in fault, ended.output
        assert "RequestTimeTooSkewed" in require_one_error(ended)
    require_recovers(scene, sound, run, tmp_path)


def test_a_store_that_stays_away_keeps_the_outcome_here_and_the_next_start_trains_nothing(
    scene: Trainings, sound: Undisturbed, tmp_path: Path
) -> None:
    run = scene.new_name()
    scene.proxy.plan = lambda request: Fault.REFUSE if f"/{run}/{FINAL:08d}/" in request.path else None
    ended = scene.train(run, tmp_path, patience_s=1)
    scene.proxy.plan = no_fault
    error = require_one_error(ended)
    assert str(Path("work") / run / f"final-{FINAL}") in error
    again = scene.train(run, tmp_path)
    assert again.code == 0, again.output
    assert "train (full" not in again.output
    require_finished(scene, sound, run, tmp_path)


def test_a_run_has_no_more_kinds_of_steps_and_requests_than_are_broken(sound: Undisturbed) -> None:
    assert len(sound.kinds_of_steps) <= MOST_KINDS
    assert len(sound.kinds_of_requests) <= MOST_KINDS
    if EVERY_FAULT:
        places = [round(share * MOST_KINDS) for _, share in shares(["killed"], MOST_KINDS, each=1)]
        assert places == list(range(MOST_KINDS)), "a kind of step is never broken"
