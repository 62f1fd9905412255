"""One exporter at a time works on a checkpoint, whatever dies, sleeps or asks at the same moment."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from carabin.exporter.errors import ExportBusy, ExportCancelled, ExportFailedBefore, ExportUnknown, LeaseLost
from carabin.exporter.jobs.ledger import MAX_ATTEMPTS, Ledger
from carabin.exporter.jobs.records import ExportRecord, Held, export_id
from carabin.registry.errors import ManifestInvalid
from carabin.registry.s3_store import MinioStore
from carabin.registry.store import ObjectStore
from carabin.registry.testing.fixtures import s3_bucket, s3_settings, s3_store
from carabin.registry.testing.memory import MemoryStore

__all__ = ["s3_bucket", "s3_settings", "s3_store"]

START = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
TTL = timedelta(seconds=60)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    memory = MemoryStore(clock)
    memory.ensure_bucket("models")
    return memory


def ledger(store: ObjectStore, owner: str, clock: Clock, bucket: str = "models", ttl: timedelta = TTL) -> Ledger:
    return Ledger(store, bucket, owner, ttl=ttl, now=clock)


def claim(of: Ledger, *wanted: str, retry: bool = False) -> Held:
    return of.claim("cardio", "identity", "run@1", wanted or ("float16",), retry=retry)


def test_a_lease_keeps_others_out_until_it_expires(store: MemoryStore, clock: Clock) -> None:
    first, second = ledger(store, "a", clock), ledger(store, "b", clock)
    held = claim(first)
    with pytest.raises(ExportBusy, match=r"a is at it; its lease runs until 10:16:00 UTC"):
        claim(second)
    clock.now += TTL / 2
    held = first.renew(held)
    clock.now += TTL * 3 / 4
    with pytest.raises(ExportBusy):
        claim(second)
    clock.now += TTL
    assert claim(second).record.attempts == 2
    with pytest.raises(LeaseLost, match="b took it over"):
        first.renew(held)
    with pytest.raises(LeaseLost):
        first.finish(held, "done")


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
@pytest.mark.parametrize("jumps", ["owner", "other"])
def test_a_clock_that_jumps_neither_takes_a_lease_nor_keeps_a_dead_ones(
    store: MemoryStore, clock: Clock, days: int, jumps: str
) -> None:
    jumping = Clock()
    jumping.now += timedelta(days=days)
    owner = ledger(store, "a", jumping if jumps == "owner" else clock)
    other = ledger(store, "b", jumping if jumps == "other" else clock)
    held = owner.renew(claim(owner))
    clock.now += TTL / 2
    with pytest.raises(ExportBusy, match="a is at it"):
        claim(other)
    assert other.request_cancel("cardio", held.record.id).state == "running", "its owner works on, and is asked to stop"
    clock.now += TTL
    assert claim(other, retry=True).record.owner == "b"


def test_a_lease_of_a_release_that_gave_no_length_runs_until_the_time_it_gave(store: MemoryStore, clock: Clock) -> None:
    held = claim(ledger(store, "old", clock))
    old = held.record.model_dump_json(exclude={"lease_s"}).encode()
    store.put("models", f"cardio/exports/{held.record.id}.json", old)
    with pytest.raises(ExportBusy):
        claim(ledger(store, "new", clock))
    clock.now += TTL
    assert claim(ledger(store, "new", clock)).record.owner == "new"


def test_every_version_of_a_checkpoint_is_dated_by_the_first_claim(store: MemoryStore, clock: Clock) -> None:
    claim(ledger(store, "a", clock))
    clock.now += timedelta(hours=1)
    assert claim(ledger(store, "b", clock)).record.created_at == START


def test_what_kills_its_exporters_is_given_up_with_the_stage_it_died_in(store: MemoryStore, clock: Clock) -> None:
    for attempt in range(MAX_ATTEMPTS):
        one = ledger(store, f"exporter-{attempt}", clock)
        one.renew(claim(one), stage="convert float16")
        clock.now += 2 * TTL
    with pytest.raises(ExportFailedBefore, match="3 attempts failed; the last exporter died at convert float16"):
        claim(ledger(store, "last", clock))
    assert claim(ledger(store, "last", clock), retry=True).record.attempts == 1


def test_attempts_that_count_end_in_failure_and_those_that_do_not_never(store: MemoryStore, clock: Clock) -> None:
    one = ledger(store, "a", clock)
    for _ in range(2 * MAX_ATTEMPTS):
        assert one.interrupt(claim(one), "the store is away", counts=False).state == "interrupted"
    states = [one.interrupt(claim(one), "a bug", counts=True).state for _ in range(MAX_ATTEMPTS)]
    assert states == ["interrupted", "interrupted", "failed"]
    with pytest.raises(ExportFailedBefore, match="failed before: 3 attempts failed, the last one with: a bug"):
        claim(one)
    assert one.interrupt(claim(one, retry=True), "a bug", counts=True).state == "interrupted"


def test_deaths_and_errors_of_one_checkpoint_are_counted_together(store: MemoryStore, clock: Clock) -> None:
    one = ledger(store, "a", clock)
    one.interrupt(claim(one), "a bug", counts=True)
    claim(one)
    clock.now += 2 * TTL
    one.interrupt(claim(one), "the store is away", counts=False)
    assert one.interrupt(claim(one), "a bug", counts=True).state == "failed"


def test_a_retry_makes_no_form_that_failed_before_unless_it_asks_for_it(store: MemoryStore, clock: Clock) -> None:
    one = ledger(store, "a", clock)
    one.finish(claim(one, "int8", "float16"), "failed", "int8 cannot be stored", versions={"float16": "v1"})
    held = claim(one, "bfloat16", retry=True)
    assert held.record.missing == ("bfloat16",)
    assert held.record.versions == {"float16": "v1"}
    one.finish(held, "failed", "nor can this one")
    assert claim(one, "int8", retry=True).record.missing == ("int8",)


def test_a_form_is_dated_when_it_is_first_asked_for_and_anew_when_it_had_failed(
    store: MemoryStore, clock: Clock
) -> None:
    one = ledger(store, "a", clock)
    one.finish(claim(one), "done", versions={"float16": "v1"})
    clock.now += timedelta(days=46)
    record = claim(one, "float16", "int8").record
    assert (record.date_of("float16"), record.date_of("int8")) == (START, clock.now)
    one.finish(one.read("cardio", record.id), "failed")
    clock.now += timedelta(days=46)
    again = claim(one, "int8", retry=True).record
    assert (again.date_of("float16"), again.date_of("int8")) == (START, clock.now)
    assert again.created_at == START


def test_a_form_of_a_release_that_dated_none_keeps_the_date_of_its_record(store: MemoryStore, clock: Clock) -> None:
    held = claim(ledger(store, "old", clock))
    old = held.record.model_dump_json(exclude={"dates"}).encode()
    store.put("models", f"cardio/exports/{held.record.id}.json", old)
    clock.now += 2 * TTL
    record = claim(ledger(store, "new", clock), "float16", "int8").record
    assert (record.date_of("float16"), record.date_of("int8")) == (START, clock.now)


def test_what_was_pruned_is_dated_anew_and_what_was_not_is_kept(store: MemoryStore, clock: Clock) -> None:
    one = ledger(store, "a", clock)
    one.finish(claim(one, "float16", "int8"), "done", versions={"float16": "v1", "int8": "v2"})
    clock.now += timedelta(days=46)
    one.reopen(one.read("cardio", export_id("cardio", "identity")), {"int8": "v2"})
    record = claim(one).record
    assert record.missing == ("float16",)
    assert (record.date_of("float16"), record.date_of("int8")) == (clock.now, START)


def test_exporters_that_died_behind_the_last_form_have_failed_at_nothing(store: MemoryStore, clock: Clock) -> None:
    for attempt in range(MAX_ATTEMPTS):
        one = ledger(store, f"exporter-{attempt}", clock)
        one.renew(claim(one), versions={"float16": "v1"})
        clock.now += 2 * TTL
    last = ledger(store, "last", clock)
    held = claim(last)
    assert held.record.versions == {"float16": "v1"}
    assert last.finish(held, "done").state == "done"


def test_a_further_form_continues_the_same_record(store: MemoryStore, clock: Clock) -> None:
    one = ledger(store, "a", clock)
    one.finish(claim(one), "done", versions={"float16": "v1"})
    assert claim(one).record.state == "done"
    held = claim(one, "float16", "int8")
    assert held.record.missing == ("int8",)


def test_cancelling_reaches_the_owner_with_its_next_renewal(store: MemoryStore, clock: Clock) -> None:
    one = ledger(store, "a", clock)
    held = claim(one)
    assert ledger(store, "operator", clock).request_cancel("cardio", held.record.id).cancel_requested
    with pytest.raises(ExportCancelled, match="run@1 was cancelled"):
        one.renew(held)
    one.finish(held, "cancelled")
    with pytest.raises(ExportFailedBefore, match="cancelled before"):
        claim(one)


def test_cancelling_what_nobody_works_on_marks_it_at_once(store: MemoryStore, clock: Clock) -> None:
    held = claim(ledger(store, "a", clock))
    clock.now += 2 * TTL
    operator = ledger(store, "operator", clock)
    assert operator.request_cancel("cardio", held.record.id).state == "cancelled"
    assert operator.request_cancel("cardio", held.record.id).state == "cancelled"
    with pytest.raises(ExportUnknown):
        operator.request_cancel("cardio", "0" * 16)


def test_a_cancel_request_is_not_lost_to_a_renewal_at_the_same_moment(store: MemoryStore, clock: Clock) -> None:
    one = ledger(store, "a", clock)
    held = claim(one)
    stale = one.renew(held, stage="convert")
    ledger(store, "operator", clock).request_cancel("cardio", held.record.id)
    with pytest.raises(ExportCancelled):
        one.renew(stale, stage="prove")


def test_a_record_of_a_newer_release_is_not_touched(store: MemoryStore, clock: Clock) -> None:
    number = export_id("cardio", "identity")
    record = ExportRecord(
        id=number, name="cardio", checkpoint="run@1", created_at=START, wanted=("float16",), expires_at=START
    )
    newer = record.model_dump_json().replace('"schema_version":1', '"schema_version":2').encode()
    store.put("models", f"cardio/exports/{number}.json", newer)
    with pytest.raises(ManifestInvalid, match="exports/"):
        claim(ledger(store, "a", clock))
    assert store.get("models", f"cardio/exports/{number}.json") == newer


@pytest.mark.parametrize("expired", [False, True])
def test_of_sixteen_replicas_one_gets_the_lease_on_a_real_store(
    s3_store: MinioStore, s3_bucket: str, clock: Clock, expired: bool
) -> None:
    if expired:
        claim(ledger(s3_store, "dead", clock, s3_bucket, ttl=timedelta(0)))
    begin = threading.Barrier(16)
    won: list[str] = []

    def run(owner: str) -> None:
        begin.wait()
        try:
            claim(ledger(s3_store, owner, clock, s3_bucket))
            won.append(owner)
        except ExportBusy:
            pass

    threads = [threading.Thread(target=run, args=(f"replica-{number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert (
        ledger(s3_store, "x", clock, s3_bucket).read("cardio", export_id("cardio", "identity")).record.owner == won[0]
    )


def test_a_record_that_cannot_be_read_is_named_and_hides_no_other(store: MemoryStore, clock: Clock) -> None:
    one = ledger(store, "a", clock)
    claim(one)
    store.put("models", f"cardio/exports/{'0' * 16}.json", b"{")
    errors: list[ManifestInvalid] = []
    assert [record.checkpoint for record in one.list("cardio", errors.append)] == ["run@1"]
    assert "delete this object to export its checkpoint again" in str(errors[0])
    assert f"{'0' * 16}.json" in str(errors[0])
