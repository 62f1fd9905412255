"""`carabin models backup --all`: every model of the store, and an exit code that says whether each is there."""

from pathlib import Path

import pytest
from carabin.cli.main import main
from carabin.registry.layout import file_key

from ...conftest import words
from .conftest import Registry


def weights(folder: Path) -> set[str]:
    """Return the models of which a folder holds weights, by the path that `restore` is given and by the name in it."""
    found = {path.relative_to(folder).parts for path in folder.rglob("model.bin")}
    return {f"{parts[0]}={parts[2]}" for parts in found}


def test_all_models_come_each_into_a_folder_of_its_own_that_restores(
    registry: Registry, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = {name: registry.publish(0.1, name=name) for name in ("cardio", "radio")}
    backup = registry.folder / "backup"
    assert main(["models", "backup", str(backup), "--all"]) == 0
    assert [line.split(":")[0] for line in capfd.readouterr().out.splitlines()] == [
        str(backup / name) for name in versions
    ]
    assert weights(backup) == {"cardio=cardio", "radio=radio"}
    monkeypatch.setenv("CARABIN_STORE_MODELS_BUCKET", f"{registry.bucket}-restored")
    assert main(["models", "restore", str(backup / "radio"), "--model", "radio"]) == 0
    assert main(["models", "list", "--json"]) == 0
    assert versions["radio"] in capfd.readouterr().out


def test_one_that_fails_ends_with_1_and_the_others_are_there(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    spoiled = registry.publish(0.1, name="cardio")
    registry.publish(0.1, name="radio")
    registry.store.put(registry.bucket, file_key("cardio", spoiled, "model.bin"), b"spoiled")
    backup = registry.folder / "backup"
    assert main(["models", "backup", "--all", str(backup)]) == 1
    output = capfd.readouterr()
    assert "1 of 2 models could not be backed up: cardio: " in words(output.err)
    assert output.out.startswith(f"{backup / 'radio'}: ")
    assert "radio=radio" in weights(backup)


def test_a_store_without_a_model_and_a_named_one_beside_all_are_refused(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "backup", "--all", str(registry.folder / "backup")]) == 1
    assert "holds no model yet" in words(capfd.readouterr().err)
    assert main(["models", "backup", "--all", "--model", "cardio", str(registry.folder / "backup")]) == 2
    assert not (registry.folder / "backup").exists()
