"""Tests of which versions and records a list shows: the newest, those in use, and no fewer for one that is broken."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.cli.commands.models.context import Context
from carabin.cli.commands.models.rows import every_row, newest_rows, read_records
from carabin.cli.commands.models.tables import VersionRow
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.layout import manifest_key, promotion_key, version_prefix
from carabin.registry.stages.log import StageRecord, append_stage
from carabin.registry.stages.promote import promote
from carabin.registry.testing.memory import MemoryStore

from .conftest import FORMAT

BUCKET, NAME = "models", "cardio"
AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def context() -> Context:
    store = MemoryStore()
    store.ensure_bucket(BUCKET)
    return Context(store, BUCKET, NAME)


@pytest.fixture
def versions(context: Context, tmp_path: Path) -> list[str]:
    """Five versions, oldest first."""
    made = []
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "model.bin").write_text(f"weights {number}")
        at = AT + timedelta(days=number)
        made.append(publish_model(context.store, BUCKET, NAME, folder, at, format=FORMAT).version)
    return made


def promoted(context: Context, version: str, hour: int) -> None:
    at = AT + timedelta(days=10, hours=hour)
    promote(context.store, BUCKET, NAME, version, by="infirmier", reason="good", at=at)


def staged(context: Context, version: str, stage: str, hour: int, **tags: str) -> None:
    """Put a version on trial, in the log of stages and in its tags."""
    at = AT + timedelta(days=10, hours=hour)
    record = StageRecord(number=1, version=version, stage=stage, by="infirmier", reason="trial", at=at)  # type: ignore[arg-type]
    append_stage(context.store, BUCKET, NAME, record)
    tagged(context, version, stage=stage, **tags)


def tagged(context: Context, version: str, **tags: str) -> None:
    context.store.set_tags(BUCKET, manifest_key(NAME, version), tags)


def names(rows: list[VersionRow]) -> list[str]:
    return [row.manifest.version for row in rows]


def test_the_newest_are_shown_newest_first_with_those_in_use_however_old(context: Context, versions: list[str]) -> None:
    promoted(context, versions[0], 0)
    staged(context, versions[1], "canary", 1, **{"canary-share": "0.2"})
    rows, decision, total = newest_rows(context, 2)
    assert names(rows) == [versions[4], versions[3], versions[1], versions[0]]
    assert [row.serves for row in rows] == [False, False, False, True]
    assert [row.stage for row in rows] == ["candidate", "candidate", "canary 0.2", "production"]
    assert decision.version == versions[0]
    assert decision.canary is not None
    assert (decision.canary.version, total) == (versions[1], 5)


def test_everything_is_read_where_everything_is_asked_for(context: Context, versions: list[str]) -> None:
    promoted(context, versions[4], 0)
    tagged(context, versions[1], stage="shadow")
    rows, decision, total = newest_rows(context, None)
    assert names(rows) == versions[::-1]
    assert (decision.shadow, total) == (versions[1], 5)
    assert newest_rows(context, 2)[1].shadow is None, "set by hand on an older version: not looked for"


def test_what_serves_is_found_also_where_a_person_tagged_an_older_version(
    context: Context, versions: list[str]
) -> None:
    tagged(context, versions[0], stage="production")
    rows, decision, _ = newest_rows(context, 2)
    assert decision.version == versions[0]
    assert names(rows) == versions[:2:-1]
    assert not any(row.serves for row in rows)


@pytest.mark.parametrize("place", [0, 4])
def test_a_promotion_that_cannot_be_read_is_a_problem_in_the_short_list_too(
    context: Context, versions: list[str], place: int
) -> None:
    promoted(context, versions[place], 0)
    context.store.put(BUCKET, promotion_key(NAME, 1), b"{")
    rows, decision, _ = newest_rows(context, 2)
    assert names(rows) == [versions[4], versions[3]]
    assert decision.version == versions[place]
    assert "the newest promotion cannot be read" in " ".join(decision.problems)
    assert decision == every_row(context)[1]


def test_a_version_that_is_being_published_or_was_removed_is_not_shown(context: Context, versions: list[str]) -> None:
    promoted(context, versions[0], 0)
    context.store.delete(BUCKET, manifest_key(NAME, versions[3]))
    context.store.put(BUCKET, f"{version_prefix(NAME, '20270101T000000Z-000000000000')}model.bin", b"half")
    assert names(newest_rows(context, 3)[0]) == [versions[4], versions[0]]
    assert names(newest_rows(context, None)[0]) == [versions[4], versions[2], versions[1], versions[0]]


def test_a_manifest_that_cannot_be_read_is_named_and_the_others_are_shown(
    context: Context, versions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    context.store.put(BUCKET, manifest_key(NAME, versions[3]), b"{")
    assert names(newest_rows(context, 3)[0]) == [versions[4], versions[2]]
    assert f"{versions[3]}/manifest.json" in capsys.readouterr().err


def test_records_of_both_logs_are_one_list_by_time_of_which_the_newest_are_shown(
    context: Context, versions: list[str]
) -> None:
    assert list(read_records(context, 2)) == []
    in_time = [versions[place] for place in (2, 0, 4, 1, 3)]
    promoted(context, in_time[0], 0)
    staged(context, in_time[1], "canary", 1, **{"canary-share": "0.2"})
    promoted(context, in_time[2], 2)
    staged(context, in_time[3], "shadow", 3)
    staged(context, in_time[4], "archived", 4)
    assert [record.version for record in read_records(context, None)] == in_time
    assert [record.version for record in read_records(context, 3)] == in_time[2:]
    assert [record.version for record in read_records(context, 9)] == in_time
