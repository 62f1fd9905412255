"""The default lexicon out of an installed package: drugs and words of diseases, without common words."""

import gzip
import json
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest
from carabin.lexicon import default
from carabin.lexicon.default import VERSION, default_lexicon
from carabin.lexicon.errors import LexiconInvalid


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A package as it is installed, with two small files in place of its own."""
    (tmp_path / "drugs.json").write_text(
        json.dumps({"C07AB07": ["BISOPROLOL", "Cardensiel", "FLUORURE DE CALCIUM CRINEX", "IPP"], "X": ["BISOPROLOL"]})
    )
    with gzip.open(tmp_path / "cim10.csv.gz", "wt", encoding="utf-8") as file:
        file.write("code,long\nI50,Insuffisance cardiaque avec dyspnée\nB20,Maladie par VIH\n")
    found = SimpleNamespace(version=VERSION, locate_file=lambda _: tmp_path)
    monkeypatch.setattr(default, "distribution", lambda _: found)
    return found


@pytest.mark.usefixtures("package")
def test_drugs_are_named_once_as_they_are_written_and_product_lines_and_short_names_are_left_out() -> None:
    drugs = [entry.text for entry in default_lexicon() if entry.kind == "drug"]
    assert sorted(drugs) == ["Bisoprolol", "Cardensiel"]


@pytest.mark.usefixtures("package")
def test_words_of_diseases_are_taken_and_common_words_are_not() -> None:
    diseases = {entry.text for entry in default_lexicon() if entry.kind == "disease"}
    assert "dyspnée" in diseases
    assert not diseases & {"avec", "maladie", "vih"}


def test_another_release_than_the_one_that_is_read_is_refused(package: SimpleNamespace) -> None:
    package.version = "0.1.0"
    with pytest.raises(LexiconInvalid, match=rf"edsnlp 0\.1\.0 is installed; the lexicon is read from {VERSION}"):
        default_lexicon()


def test_without_the_package_the_sentence_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(default, "distribution", absent)
    with pytest.raises(LexiconInvalid, match=f"pip install --no-deps edsnlp=={VERSION}"):
        default_lexicon()
