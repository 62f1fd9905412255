"""A real promotion, rollback, canary, shadow or end of a trial that fails at any of its steps: no half state serves.

It is killed, or its disk is full, memory short, its clock wrong from one of its steps on. What serves then is what
served before or what shall serve, a repair makes log and tags agree, and the same command brings about what was asked.
By default each command meets some faults, spread over its steps; `CARABIN_TEST_FAULTS=all` gives each step every fault.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.log import read_stage_log

from .conftest import EVERY_FAULT
from .promoter import CHANGES, PROGRAM, Promoter, Registry, ServingChange, promoters, registry_before

OTHERS = (
    "memory short", "disk full", "clock far ahead", "clock far behind", "clock ahead", "clock behind",
    "clock far ahead for a while", "clock far behind for a while",
)  # fmt: skip
MOST_STEPS = 32
"""More than any of the commands has."""
Place = tuple[str, str, float]
"""Which command, which fault, and at which share of its steps it happens."""


def places(faults: tuple[str, ...], each: int) -> list[Place]:
    if EVERY_FAULT:
        return [
            (command, fault, step / MOST_STEPS) for command in CHANGES for fault in faults for step in range(MOST_STEPS)
        ]
    number = each * len(CHANGES)
    return [
        (command, faults[(turn * len(CHANGES) + place) % len(faults)], (turn * len(CHANGES) + place + 0.5) / number)
        for turn in range(each)
        for place, command in enumerate(CHANGES)
    ]


def place_id(place: Place) -> str:
    command, fault, share = place
    return f"{command}-{fault.replace(' ', '-')}-{share:.2f}"


@pytest.fixture(scope="module")
def promoter(store: StoreSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Promoter]:
    with promoters(store, tmp_path_factory.mktemp("promoter")) as running:
        yield running


@pytest.fixture(scope="module")
def steps(promoter: Promoter, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The steps of each command when nothing happens to it."""
    found = {}
    for command, change in CHANGES.items():
        folder = tmp_path_factory.mktemp(command)
        registry = registry_before(change, promoter.settings, folder / "files")
        ended = promoter.run(registry, change.arguments, folder, log=folder / "steps")
        assert (ended.code, registry.serving()) == (0, change.after), ended.output
        found[command] = (folder / "steps").read_text().splitlines()
    return found


def run_with_fault(
    promoter: Promoter, steps: dict[str, list[str]], place: Place, folder: Path
) -> tuple[Registry, ServingChange, str]:
    """Run the command with the fault; return the registry that it leaves, the command, and the error that it gave."""
    command, fault, share = place
    change, error = CHANGES[command], ""
    registry = registry_before(change, promoter.settings, folder / "files")
    ended = promoter.run(registry, change.arguments, folder, int(share * len(steps[command])), fault)
    if ended.code == 0:
        assert registry.serving() == change.after, "it said that it was done"
    elif ended.code > 0:
        error = ended.require_one_error(PROGRAM)
    return registry, change, error


def require_whole(registry: Registry, change: ServingChange, promoter: Promoter, folder: Path) -> None:
    """No half state may serve, and the same command must bring about what is asked."""
    found, before, after = registry.serving(), change.before, change.after
    assert found.production in (before.production, after.production)
    assert found.canary in (before.canary, after.canary, None)
    assert found.shadow in (before.shadow, after.shadow, None)
    registry.repair()
    if registry.serving() != after:
        again = promoter.run(registry, change.arguments, folder)
        assert again.code == 0, again.output
        assert registry.serving() == after
        registry.repair()
    if change.arguments[0] == "stage":
        newest = read_stage_log(registry.store, registry.bucket, registry.model)[-1]
        assert change.arguments[1:3] == (f"{{{registry.versions.index(newest.version)}}}", newest.stage)


@pytest.mark.parametrize("place", places(("killed",), each=2), ids=place_id)
def test_a_command_killed_at_any_step_leaves_what_was_or_what_shall_be(
    place: Place, promoter: Promoter, steps: dict[str, list[str]], tmp_path: Path
) -> None:
    registry, change, _ = run_with_fault(promoter, steps, place, tmp_path)
    require_whole(registry, change, promoter, tmp_path)


@pytest.mark.parametrize("place", places(OTHERS, each=2), ids=place_id)
def test_a_disk_memory_or_clock_that_fails_at_any_step_leaves_what_was_or_what_shall_be(
    place: Place, promoter: Promoter, steps: dict[str, list[str]], tmp_path: Path
) -> None:
    registry, change, error = run_with_fault(promoter, steps, place, tmp_path)
    if error:
        _, fault, _ = place
        expected = {"memory short": "memory", "disk full": "disk"}.get(fault, "RequestTimeTooSkewed")
        assert expected in error
    require_whole(registry, change, promoter, tmp_path)


def test_no_command_has_more_steps_than_are_broken(steps: dict[str, list[str]]) -> None:
    assert {command: len(found) for command, found in steps.items() if not 5 < len(found) <= MOST_STEPS} == {}
