"""A lease runs by the clock of the store that dates its record, for as long as the record says."""

from datetime import UTC, datetime, timedelta

import pytest
from carabin.exporter.jobs.records import ExportRecord, Held, State
from carabin.registry.store import ObjectInfo

WRITTEN = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


def held(age_s: float, *, lease_s: float | None = 60.0, expires_s: float = 0.0, state: State = "running") -> Held:
    record = ExportRecord(
        id="0" * 16, name="cardio", checkpoint="run@1", created_at=WRITTEN, wanted=("float16",), state=state,
        expires_at=WRITTEN + timedelta(seconds=expires_s), lease_s=lease_s,
    )  # fmt: skip
    return Held(record, ObjectInfo(10, "etag", WRITTEN, WRITTEN + timedelta(seconds=age_s)))


@pytest.mark.parametrize("expires_s", [-1e9, 0.0, 1e9])
@pytest.mark.parametrize(("age_s", "leased"), [(0, True), (59, True), (60, False), (1e6, False)])
def test_a_lease_runs_for_its_length_whatever_the_clock_of_its_owner_said(
    age_s: float, leased: bool, expires_s: float
) -> None:
    assert held(age_s, expires_s=expires_s).leased is leased


@pytest.mark.parametrize(("age_s", "leased"), [(59, True), (60, False)])
def test_a_record_of_a_release_that_gave_no_length_is_leased_until_the_time_it_gave(age_s: float, leased: bool) -> None:
    assert held(age_s, lease_s=None, expires_s=60.0).leased is leased


@pytest.mark.parametrize("state", ["done", "failed", "cancelled", "interrupted"])
def test_what_does_not_run_is_leased_by_nobody(state: State) -> None:
    assert not held(0, state=state).leased
