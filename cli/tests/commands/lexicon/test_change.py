"""What changes which version of a lexicon is used: what may not be promoted, and what is said of a missing model."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from carabin.cli.main import main
from carabin.lexicon.errors import LexiconInvalid
from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.artifacts.publish import publish_model
from carabin.registry.connect import connect
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.lexicons import lexicon_names, production_lexicons, promote_lexicon, publish_lexicon

from .conftest import run

MODEL = "lexicon-change-test"
FORMAT = ModelFormat(quantization="int8", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")


@pytest.fixture
def file(s3_environment: StoreSettings, tmp_path: Path) -> Path:
    connect().ensure_bucket(s3_environment.models_bucket)
    path = tmp_path / "cardio.tsv"
    path.write_text("bisoprolol\n", "utf-8")
    return path


def test_lexicon_of_everyday_words_is_not_promoted(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("maison\nvoiture\n", "utf-8")
    with pytest.raises(LexiconInvalid, match="everyday French only"):
        run("promote", str(tmp_path / "a.tsv"), "--reason", "x")


@pytest.mark.parametrize("name", ["speciality.cardio", "specialty.", ""])
def test_mistyped_or_empty_name_is_not_promoted(
    s3_environment: StoreSettings, file: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = f"{MODEL}-names"
    assert main(["lexicon", "promote", str(file), "--name", name, "--model", model, "--reason", "x"]) == 1
    assert "Traceback" not in capfd.readouterr().err
    assert lexicon_names(connect(), s3_environment.models_bucket, model) == []


def test_files_name_with_a_dot_is_not_promoted(s3_environment: StoreSettings, file: Path) -> None:
    dotted = file.rename(file.with_name("cardio.v2.tsv"))
    assert main(["lexicon", "promote", str(dotted), "--model", f"{MODEL}-stem", "--reason", "x"]) == 1
    run("promote", str(dotted), "--name", "cardio", "--model", f"{MODEL}-stem", "--reason", "x", "--by", "dm")
    assert lexicon_names(connect(), s3_environment.models_bucket, f"{MODEL}-stem") == ["cardio"]


def test_dotted_name_of_an_earlier_release_is_rolled_back_and_withdrawn(s3_environment: StoreSettings) -> None:
    store, bucket, model = connect(), s3_environment.models_bucket, f"{MODEL}-old"
    store.ensure_bucket(bucket)
    versions = []
    for second, data in enumerate((b"bisoprolol\n", b"propofol\n")):
        at = datetime(2026, 11, 24, 10, 15, second, tzinfo=UTC)
        versions.append(publish_lexicon(store, bucket, model, "foo.bar", data, at))
        promote_lexicon(store, bucket, model, "foo.bar", versions[-1], by="dm", reason="x", at=at)
    named = ("foo.bar", "--model", model)
    assert "propofol" in run("show", *named)
    assert "foo.bar" in run("list", "--model", model)
    run("rollback", *named, "--reason", "x", "--by", "dm")
    assert production_lexicons(store, bucket, model)["foo.bar"][0] == versions[0]
    run("withdraw", *named, "--reason", "x", "--by", "dm")
    assert production_lexicons(store, bucket, model) == {}


def test_lexicon_of_a_model_that_is_not_there_yet_is_promoted_with_a_warning(
    s3_environment: StoreSettings, file: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "model.bin").write_text("weights")
    bucket = s3_environment.models_bucket
    publish_model(connect(), bucket, f"{MODEL}-there", weights, datetime.now(UTC), format=FORMAT)
    promotion = ["lexicon", "promote", str(file), "--reason", "x", "--by", "dm", "--json", "--model"]
    assert main([*promotion, f"{MODEL}-whisprr"]) == 0
    said = capfd.readouterr()
    warning = json.loads(said.out)["warning"]
    assert f"no version of the model {MODEL}-whisprr is in the store yet" in warning
    assert f"{MODEL}-there" in warning.split("; ")[1]
    assert warning in said.err
    assert f"{MODEL}-whisprr" not in warning.split("; ")[1], "a lexicon alone is no model"
    assert list(production_lexicons(connect(), bucket, f"{MODEL}-whisprr")) == ["cardio"]
    assert main([*promotion, f"{MODEL}-there"]) == 0
    said = capfd.readouterr()
    assert json.loads(said.out)["warning"] is None
    assert said.err == ""


@pytest.mark.parametrize("command", ["rollback", "withdraw"])
def test_unknown_lexicon_is_refused_with_those_in_use(
    s3_environment: StoreSettings, file: Path, command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = f"{MODEL}-unknown-{command}"
    change = ["lexicon", command, "cardoi", "--model", model, "--reason", "x", "--by", "dm"]
    assert main(change) == 1
    assert f"{model} has no lexicon in use" in capfd.readouterr().err
    run("promote", str(file), "--model", model, "--reason", "x", "--by", "dm")
    assert main(change) == 1
    said = capfd.readouterr().err
    assert "in use are cardio" in said
    assert "carabin lexicon withdraw" not in said
    assert lexicon_names(connect(), s3_environment.models_bucket, model) == ["cardio"]


def test_rollback_to_a_withdrawal_says_that_none_is_in_use(file: Path) -> None:
    named = ("--model", f"{MODEL}-again", "--reason", "x", "--by", "dm")
    run("promote", str(file), *named)
    run("withdraw", "cardio", *named)
    file.write_text("propofol\n", "utf-8")
    run("promote", str(file), *named)
    assert run("rollback", "cardio", *named).rstrip().endswith("withdrawn again")
