"""Lexicons and vocabularies are put into use and taken out of it with the promoter's own key, and by no other."""

from pathlib import Path

import pytest
from carabin.cli.main import main
from carabin.registry.errors import AccessDenied
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from carabin.registry.stages.lexicon_keys import lexicon_key
from carabin.registry.stages.lexicons import lexicons_in_use
from pydantic import SecretStr

from .conftest import SECRET, as_role

MODEL = "cardio-of-the-lexicons"
OPTIONS = ("--model", MODEL, "--by", "test", "--reason", "test")


@pytest.fixture
def promoter(store: StoreSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands run as a promoter's would."""
    for name, value in as_role(store, "promoter").items():
        monkeypatch.setenv(name, value)


def in_use(store: StoreSettings) -> dict[str, bytes]:
    admin, bucket = MinioStore(store), store.models_bucket
    return {name: admin.get(bucket, key) for name, (_, key) in lexicons_in_use(admin, bucket, MODEL).items()}


@pytest.mark.usefixtures("promoter")
def test_a_promoter_promotes_rolls_back_and_withdraws_a_lexicon(store: StoreSettings, tmp_path: Path) -> None:
    file = tmp_path / "general.tsv"
    for words in ("amlodipine\nbisoprolol\n", "apixaban\n"):
        file.write_text(words)
        assert main(["lexicon", "promote", str(file), *OPTIONS]) == 0
    assert b"apixaban" in in_use(store)["general"]
    assert main(["lexicon", "rollback", "general", *OPTIONS]) == 0
    assert b"bisoprolol" in in_use(store)["general"]
    assert main(["lexicon", "withdraw", "general", *OPTIONS]) == 0
    assert "general" not in in_use(store)


@pytest.mark.usefixtures("promoter")
def test_a_promoter_publishes_a_vocabulary(store: StoreSettings, tmp_path: Path) -> None:
    file = tmp_path / "cardiologie.txt"
    file.write_text("amlodipine\n")
    assert main(["vocabulary", "publish", str(file), *OPTIONS]) == 0
    assert b"amlodipine" in in_use(store)["vocabulary.cardiologie"]


@pytest.mark.parametrize("role", ["trainer", "exporter", "transcriber"])
def test_no_other_key_writes_a_lexicon_or_changes_one(role: str, store: StoreSettings) -> None:
    admin = MinioStore(store)
    key = lexicon_key(MODEL, "kept", "20261129T000000-00000000")
    admin.put(store.models_bucket, key, b"amlodipine\n")
    intruder = MinioStore(store.model_copy(update={"access_key": role, "secret_key": SecretStr(SECRET)}))
    for target in (key, lexicon_key(MODEL, "new", "20261129T000000-00000001")):
        with pytest.raises(AccessDenied):
            intruder.put(store.models_bucket, target, b"amiodarone\n")
    assert admin.get(store.models_bucket, key) == b"amlodipine\n"
