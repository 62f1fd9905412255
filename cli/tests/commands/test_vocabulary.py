"""`carabin vocabulary` and `carabin corrections` on a real store, on what the transcriber really writes."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from carabin.cli.commands import corrections, lexicon, vocabulary
from carabin.lexicon import Entry, LexiconInvalid, parse_lexicon
from carabin.registry.artifacts.datasets import SplitCount, list_datasets, publish_dataset
from carabin.registry.connect import connect
from carabin.registry.corrections import SWEEP_KEY
from carabin.registry.errors import BucketMissing, PromotionRefused
from carabin.registry.layout import vocabulary_key
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore
from carabin.transcriber.corrections.policy import CorrectionPolicy
from carabin.transcriber.corrections.store import Correction, CorrectionStore
from typer.testing import CliRunner

SALT = "a salt that is long enough"
BUCKET = "vocabulary-test-corrections"
AUDIO = base64.b64encode(np.arange(1600, dtype=np.int16).tobytes()).decode()


def run(app: object, *arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def store(s3_environment: StoreSettings) -> ObjectStore:
    store = connect()
    for bucket in (BUCKET, s3_environment.datasets_bucket, s3_environment.models_bucket):
        store.ensure_bucket(bucket)
    for key in store.list(BUCKET, ""):
        store.delete(BUCKET, key)
    return store


@pytest.fixture
def kept_corrections(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> CorrectionStore:
    monkeypatch.setenv("CARABIN_TRANSCRIBER_CORRECTIONS_SALT", SALT)
    monkeypatch.setenv("CARABIN_TRANSCRIBER_CORRECTIONS", "audio+text")
    kept_corrections = CorrectionStore(store, CorrectionPolicy("audio+text", salt=SALT, bucket=BUCKET))
    for number, person in enumerate(("dr.martin", "dr.durand", "dr.martin")):
        values = {
            "session": f"s{number}",
            "utterance": number,
            "model_version": "v1",
            "raw": "le patient de cardiologie prend du bise au prolol chaque matin",
            "corrected": "le patient de cardiologie prend du bisoprolol chaque matin",
            "consent": True,
            "audio_int16": AUDIO,
        }
        kept_corrections.keep(person, Correction.model_validate(values))
    return kept_corrections


def test_corrected_terms_become_a_lexicon_in_which_what_was_written_instead_is_a_spoken_form(
    kept_corrections: CorrectionStore, tmp_path: Path
) -> None:
    out = tmp_path / "corrected.tsv"
    terms = json.loads(run(lexicon.app, "suggest", "--bucket", BUCKET, "--json", "--out", str(out)))
    assert [(term["text"], term["corrections"], term["persons"]) for term in terms] == [("bisoprolol", 3, 2)]
    assert parse_lexicon(out.read_bytes()).entries == (Entry("bisoprolol", "word", 3, ("bise au prolol",)),)
    assert "bisoprolol  (recognised as: bise au prolol)" in run(lexicon.app, "suggest", "--bucket", BUCKET)


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_nothing_to_suggest_leaves_the_file_as_it_is_and_says_so(
    store: ObjectStore, tmp_path: Path, options: tuple[str, ...]
) -> None:
    out = tmp_path / "corrected.tsv"
    out.write_text("bisoprolol\n", "utf-8")
    arguments = ("suggest", "--bucket", BUCKET, "--out", str(out), *options)
    result = CliRunner().invoke(lexicon.app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert "nothing to suggest: in 0 corrections" in result.output
    assert f"{out} is not written" in result.output
    assert not options or json.loads(result.stdout) == []
    assert out.read_text("utf-8") == "bisoprolol\n"


def test_missing_bucket_of_corrections_is_an_error_and_is_not_made(s3_environment: StoreSettings) -> None:
    for _ in range(2):
        with pytest.raises(BucketMissing, match="vocabulary-test-mistyped"):
            run(lexicon.app, "suggest", "--bucket", "vocabulary-test-mistyped")


def test_list_of_terms_becomes_a_vocabulary_of_the_model(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "cardio.txt").write_text("bisoprolol\n", "utf-8")
    run(vocabulary.app, "publish", str(tmp_path / "cardio.txt"), "--model", "vocabulary-test")
    assert json.loads(run(vocabulary.app, "list", "--model", "vocabulary-test", "--json")) == {"cardio": 1}


def test_published_vocabulary_is_a_lexicon_with_versions_and_one_that_was_stored_before_is_shown(
    store: ObjectStore, s3_environment: StoreSettings, tmp_path: Path
) -> None:
    model = "vocabulary-versions"
    store.put(s3_environment.models_bucket, vocabulary_key(model, "old"), b"bisoprolol\napixaban # AOD\n")
    assert json.loads(run(vocabulary.app, "list", "--model", model, "--json")) == {"old": 2}
    assert "apixaban" in run(lexicon.app, "show", "vocabulary.old", "--model", model)
    (tmp_path / "old.txt").write_text("apixaban # AOD\n", "utf-8")
    run(vocabulary.app, "publish", str(tmp_path / "old.txt"), "--model", model)
    assert json.loads(run(vocabulary.app, "list", "--model", model, "--json")) == {"old": 1}
    [row] = json.loads(run(lexicon.app, "list", "--model", model, "--json"))
    assert (row["name"], row["in_use"]) == ("vocabulary.old", True)
    assert "carabin vocabulary publish" in run(lexicon.app, "show", "vocabulary.old", "--model", model)
    run(lexicon.app, "withdraw", "vocabulary.old", "--model", model, "--reason", "test")
    assert json.loads(run(vocabulary.app, "list", "--model", model, "--json")) == {}


def test_vocabulary_that_no_prompt_can_hold_is_refused_with_the_way_out(
    s3_environment: StoreSettings, tmp_path: Path
) -> None:
    (tmp_path / "long.txt").write_text("".join(f"molécule{n}\n" for n in range(5000)), "utf-8")
    with pytest.raises(LexiconInvalid, match=r"specialty\.long"):
        run(vocabulary.app, "publish", str(tmp_path / "long.txt"))


def test_line_that_is_no_term_is_refused_with_its_number(s3_environment: StoreSettings, tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("bisoprolol\n<|endoftext|>\n", "utf-8")
    with pytest.raises(vocabulary.VocabularyInvalid, match=r"line 2.*special tokens"):
        run(vocabulary.app, "publish", str(tmp_path / "bad.txt"))


def test_empty_vocabulary_is_refused(s3_environment: StoreSettings, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("# nothing\n")
    with pytest.raises(vocabulary.VocabularyInvalid, match="holds no term"):
        run(vocabulary.app, "publish", str(tmp_path / "empty.txt"))


def test_one_command_deletes_a_person_and_the_datasets_made_of_them(
    kept_corrections: CorrectionStore, store: ObjectStore, s3_environment: StoreSettings, tmp_path: Path
) -> None:
    martin, durand = kept_corrections.policy.pseudonym("dr.martin"), kept_corrections.policy.pseudonym("dr.durand")
    for name, persons in (("correct-both", f"{martin},{durand}"), ("correct-other", durand)):
        folder = tmp_path / name
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "train.parquet").write_bytes(name.encode())
        counts = {split: SplitCount(dictations=1, duration_s=1.0) for split in ("train", "validation", "test")}
        source = {"kind": "corrections", "persons": persons}
        bucket = s3_environment.datasets_bucket
        publish_dataset(store, bucket, name, folder, datetime.now(UTC), source=source, counts=counts)
    deleted = json.loads(run(corrections.app, "delete", "--identity", "dr.martin", "--bucket", BUCKET, "--json"))
    assert deleted["corrections"] == 2
    assert [name.partition("@")[0] for name in deleted["datasets"]] == ["correct-both"]
    assert {key.partition("/")[0] for key in store.list(BUCKET, "") if key != SWEEP_KEY} == {durand}
    assert list_datasets(store, s3_environment.datasets_bucket, "correct-both") == []
    assert store.list(s3_environment.datasets_bucket, "correct-both/") == []
    assert len(list_datasets(store, s3_environment.datasets_bucket, "correct-other")) == 1


def test_deletion_without_a_name_or_salt_says_what_is_missing(
    s3_environment: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(corrections.PersonUnknown, match="--identity"):
        run(corrections.app, "delete")
    monkeypatch.delenv("CARABIN_TRANSCRIBER_CORRECTIONS_SALT", raising=False)
    with pytest.raises(corrections.PersonUnknown, match="SALT"):
        run(corrections.app, "delete", "--identity", "dr.martin")


def test_listing_counts_and_never_prints_text(kept_corrections: CorrectionStore) -> None:
    shown = run(corrections.app, "list", "--bucket", BUCKET)
    assert f"{kept_corrections.policy.pseudonym('dr.martin')}: 2 corrections" in shown
    assert "bisoprolol" not in shown
    assert "0 corrections had expired" in run(corrections.app, "expire", "--bucket", BUCKET)


def test_vocabulary_without_a_name_is_not_published(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "cardio.txt").write_text("bisoprolol\n", "utf-8")
    with pytest.raises(PromotionRefused, match="nothing behind its dot"):
        run(vocabulary.app, "publish", str(tmp_path / "cardio.txt"), "--name", "", "--model", "vocabulary-unnamed")


def test_vocabulary_of_everyday_words_is_refused_as_every_lexicon_is(
    s3_environment: StoreSettings, tmp_path: Path
) -> None:
    (tmp_path / "everyday.txt").write_text("maison\nvoiture\n", "utf-8")
    with pytest.raises(LexiconInvalid, match="everyday French only"):
        run(vocabulary.app, "publish", str(tmp_path / "everyday.txt"))
