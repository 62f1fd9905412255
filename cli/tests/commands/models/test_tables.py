"""How model versions look: a production that lost to a rival says so, sizes and figures as a person reads them."""

from datetime import UTC, datetime

import pytest
from carabin.cli.commands.models.tables import (
    VersionRow,
    describe_promotion,
    describe_record,
    differing_facts,
    figure,
    print_changes,
    size,
)
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.records import FileEntry
from carabin.registry.stages.log import StageRecord
from carabin.registry.stages.promotions import PromotionRecord
from carabin.registry.stages.regressions import compare

from ...conftest import words
from .conftest import FORMAT

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


def manifest(version: str, **fields: object) -> ModelManifest:
    files = (FileEntry(path="model.bin", size=9, sha256="0" * 64),)
    known = {"name": "cardio", "version": version, "created_at": NOW, "files": files, "format": FORMAT}
    return ModelManifest.model_validate({**known, **fields})


@pytest.mark.parametrize(
    ("tags", "serves", "stage"),
    [
        ({"stage": "production"}, True, "production"),
        ({"stage": "production"}, False, "production, outdone"),
        ({"stage": "canary", "canary-share": "0.25"}, False, "canary 0.25"),
        ({"stage": "canary"}, False, "canary ?"),
        ({}, False, ""),
    ],
)
def test_a_stage_says_a_canarys_share_and_a_production_that_lost(
    tags: dict[str, str], serves: bool, stage: str
) -> None:
    assert VersionRow(manifest("v1"), tags, serves).stage == stage


@pytest.mark.parametrize(
    ("total_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (72_500_000, "72 MB"), (3_090_000_000, "3.1 GB")],
)
def test_a_size_is_read_in_the_unit_that_fits(total_bytes: int, text: str) -> None:
    assert size(total_bytes) == text


def test_a_figure_that_was_not_measured_is_empty_and_zero_is_not() -> None:
    assert (figure(None), figure(0.0), figure(0.12345)) == ("", "0.000", "0.123")


def test_only_what_differs_is_listed_and_what_one_lacks_is_nothing() -> None:
    before = manifest("v1", source={"run": "a", "dataset": "d"}, min_window_frames=750)
    after = manifest("v2", source={"run": "b", "dataset": "d", "base": "x"}, min_window_frames=500)
    assert differing_facts(before, after) == {
        "source.run": ("a", "b"),
        "source.base": ("nothing", "x"),
        "min_window_frames": ("750", "500"),
    }


def test_a_forced_promotion_says_so_and_a_forced_rollback_has_nothing_to_force() -> None:
    record = PromotionRecord(number=1, version="v2", previous=None, by="dr-a", reason="r", at=NOW, forced=True)
    assert describe_promotion(record) == "2026-11-24 10:15 promote nothing -> v2 by dr-a, against its metrics: r"
    assert "against" not in describe_promotion(record.model_copy(update={"kind": "rollback"}))


def test_a_trial_says_its_share_and_whom_it_displaces() -> None:
    record = StageRecord(
        number=1, version="v2", stage="canary", share=0.25, displaced=("v1",), by="dr-a", reason="r", at=NOW
    )
    assert describe_record(record) == "2026-11-24 10:15 canary 0.25 v2 instead of v1 by dr-a: r"
    plain = record.model_copy(update={"stage": "shadow", "share": None, "displaced": ()})
    assert describe_record(plain) == "2026-11-24 10:15 shadow v2 by dr-a: r"


def test_record_that_holds_line_breaks_and_control_characters_is_one_line() -> None:
    broken = "names\r\nin it\x1b[2J\u2028\x85propofol\n"
    promotion = PromotionRecord(number=1, version="v2", previous=None, by="dr\na", reason=broken, at=NOW)
    assert describe_record(promotion) == "2026-11-24 10:15 promote nothing -> v2 by dr a: names in it [2J propofol"
    trial = StageRecord(number=1, version="v2", stage="shadow", by="dr\na", reason=broken, at=NOW)
    assert describe_record(trial) == "2026-11-24 10:15 shadow v2 by dr a: names in it [2J propofol"


def test_figures_before_and_after_are_judged_and_nothing_to_compare_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_changes("v1", "v2", compare({"wer": 0.10, "term_recall": 0.8}, {"wer": 0.30, "term_recall": 0.9}))
    shown = words(capsys.readouterr().out)
    assert "wer 0.100 0.300 +0.200 worse: refused unless forced" in shown
    assert "term_recall 0.800 0.900 +0.100 better" in shown
    print_changes(None, "v2", compare({}, {"wer": 0.30}))
    assert "No figure of v2 can be compared with production, which is empty." in words(capsys.readouterr().out)
