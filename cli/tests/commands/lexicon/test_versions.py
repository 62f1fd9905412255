"""Versions of a lexicon on a real store: put into use, listed, shown, taken back and withdrawn."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.cli.main import main
from carabin.lexicon.entries import parse_lexicon
from carabin.lexicon.errors import LexiconInvalid
from carabin.registry.connect import connect
from carabin.registry.errors import PromotionRefused, VersionMissing
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.lexicon_keys import identity_lexicon
from carabin.registry.stages.lexicons import production_lexicons, promote_lexicon, publish_lexicon

from ..models.conftest import Registry, registry
from .conftest import run

__all__ = ["registry"]

MODEL = "lexicon-test"


def test_version_is_put_into_use_listed_shown_and_taken_back(
    s3_environment: StoreSettings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    store, bucket = connect(), s3_environment.models_bucket
    store.ensure_bucket(bucket)
    file = tmp_path / "cardio.tsv"
    file.write_text("bisoprolol\n", "utf-8")
    run("promote", str(file), "--model", MODEL, "--reason", "first", "--by", "dm")
    first = production_lexicons(store, bucket, MODEL)["cardio"][0]
    with pytest.raises(PromotionRefused, match="no version before"):
        run("rollback", "cardio", "--model", MODEL, "--reason", "x")
    file.write_text("bisoprolol\npropofol\n", "utf-8")
    run("promote", str(file), "--model", MODEL, "--reason", "more", "--by", "dm")
    rows = json.loads(run("list", "--model", MODEL, "--json"))
    assert [row["in_use"] for row in rows if row["version"] == first] == [False]
    shown = run("show", "cardio", "--model", MODEL)
    assert "by dm: more" in shown
    assert "propofol" in shown
    assert f"{first} in use again" in run(
        "rollback", "cardio", "--model", MODEL, "--reason", "names in it", "--by", "dm"
    )
    assert production_lexicons(store, bucket, MODEL)["cardio"][0] == first
    assert "withdrawn" in run("withdraw", "cardio", "--model", MODEL, "--reason", "a patient's name", "--by", "dm")
    assert production_lexicons(store, bucket, MODEL) == {}
    assert [row["in_use"] for row in json.loads(run("list", "--model", MODEL, "--json"))] == [False, False, False]
    listed = run("list", "--model", MODEL).splitlines()
    assert sorted(line.endswith("none: withdrawn") for line in listed) == [False, False, True]
    assert main(["lexicon", "show", "cardio", "--model", MODEL]) == 1
    said = capfd.readouterr()
    assert "no version of the lexicon cardio of lexicon-test is in use" in said.err
    kinds = [line.split()[3] for line in said.out.splitlines()]
    assert kinds == ["promote", "promote", "rollback", "withdraw"]
    assert said.out.rstrip().endswith("by dm: a patient's name")


def test_version_is_shown_that_stands_behind_the_name(
    s3_environment: StoreSettings, capfd: pytest.CaptureFixture[str]
) -> None:
    store, bucket, model = connect(), s3_environment.models_bucket, f"{MODEL}-behind"
    store.ensure_bucket(bucket)
    first, second = (
        publish_lexicon(store, bucket, model, "cardio", data, datetime(2026, 11, 24, 10, minute, tzinfo=UTC))
        for minute, data in enumerate((b"bisoprolol\n", b"propofol\n"))
    )
    promote_lexicon(store, bucket, model, "cardio", second, by="dm", reason="x", at=datetime.now(UTC))
    named = ("--model", model)
    assert run("show", f"cardio@{first}", *named).splitlines()[-1] == "bisoprolol"
    assert run("show", f"cardio@{first}", "--version", first, *named).splitlines()[-1] == "bisoprolol"
    assert main(["lexicon", "show", f"cardio@{first}", "--version", second, *named]) == 2
    assert main(["lexicon", "show", "cardio@2099", *named]) == 1
    said = capfd.readouterr()
    assert "no version 2099" in said.err
    assert said.out == ""


def test_list_of_nothing_is_a_sentence_for_a_person_and_empty_for_a_machine(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    registry.publish(0.2)
    assert main(["lexicon", "list", "--model", "cardio"]) == 0
    said = capfd.readouterr()
    assert "cardio has no lexicon in the store" in said.err
    assert said.out == ""
    assert main(["lexicon", "list", "--model", "cardio", "--json"]) == 0
    said = capfd.readouterr()
    assert (json.loads(said.out), said.err) == ([], "")


@pytest.mark.parametrize("command", ["lexicon", "vocabulary"])
def test_list_beside_a_model_that_is_not_there_is_an_error_that_names_those_that_are(
    registry: Registry, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    registry.publish(0.2)
    assert main([command, "list", "--model", "cadrio", "--json"]) == 1
    said = capfd.readouterr()
    assert "holds no model 'cadrio'; it holds cardio" in said.err
    assert said.out == ""


def test_stored_line_break_of_a_log_is_no_entry_of_what_is_shown(s3_environment: StoreSettings) -> None:
    store, bucket, model = connect(), s3_environment.models_bucket, f"{MODEL}-broken"
    store.ensure_bucket(bucket)
    at = datetime.now(UTC)
    version = publish_lexicon(store, bucket, model, "cardio", b"bisoprolol\n", at)
    promote_lexicon(store, bucket, model, "cardio", version, by="d\nm", reason="first\r\npropofol\u2028x\n", at=at)
    shown = run("show", "cardio", "--model", model)
    assert [entry.text for entry in parse_lexicon(shown.encode(), source="shown")] == ["bisoprolol"]
    assert shown.splitlines()[0].endswith("by d m: first propofol x")


def test_persons_lexicon_is_promoted_shown_and_listed_under_a_digest(
    s3_environment: StoreSettings, tmp_path: Path
) -> None:
    store, bucket = connect(), s3_environment.models_bucket
    store.ensure_bucket(bucket)
    (tmp_path / "mine.tsv").write_text("propofol\n", "utf-8")
    named = ("--model", f"{MODEL}-own")
    run("promote", str(tmp_path / "mine.tsv"), *named, "--name", "identity.dr.martin", "--reason", "own", "--by", "dm")
    assert list(production_lexicons(store, bucket, f"{MODEL}-own")) == [identity_lexicon("dr.martin")]
    assert "propofol" in run("show", "identity.dr.martin", *named)
    assert "martin" not in run("list", *named)
    assert run("list", *named).split()[0] == identity_lexicon("dr.martin")


def test_files_and_what_is_in_use_are_compared_entry_by_entry(s3_environment: StoreSettings, tmp_path: Path) -> None:
    store, bucket = connect(), s3_environment.models_bucket
    store.ensure_bucket(bucket)
    old, new = tmp_path / "cardio.tsv", tmp_path / "new.tsv"
    old.write_text("bisoprolol\tdrug\t3\nBPCO\npropofol\n", "utf-8")
    new.write_text("bisoprolol\tdrug\t9\nBPCO\tabbreviation\t\tbronchopneumopathie\napixaban\n", "utf-8")
    named = ("--model", f"{MODEL}-diff")
    with pytest.raises(LexiconInvalid, match="neither a file nor a lexicon of lexicon-test-diff that is in use"):
        run("diff", "cardio", str(new), *named)
    run("promote", str(old), *named, "--reason", "first", "--by", "dm")
    version = production_lexicons(store, bucket, f"{MODEL}-diff")["cardio"][0]
    said = [
        "- propofol",
        "+ apixaban",
        "~ BPCO: word becomes abbreviation, « bronchopneumopathie »",
        "1 entries more, 1 fewer, 1 changed",
    ]
    for given in (str(old), "cardio", f"cardio@{version}"):
        assert run("diff", given, str(new), *named).splitlines() == said
    with pytest.raises(LexiconInvalid, match=r"gone\.tsv cannot be read"):
        run("diff", str(tmp_path / "gone.tsv"), str(new))
    with pytest.raises(VersionMissing, match="no version 2099"):
        run("diff", "cardio@2099", str(new), *named)
