"""Keeping the registry whole and small: repair, prune, sweep, verify."""

import io
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from carabin.cli.commands.models import upkeep
from carabin.cli.main import main
from carabin.registry.artifacts.signing import signer
from carabin.registry.layout import file_key, manifest_key
from carabin.registry.stages.prune import plan_prune
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ...conftest import words
from .conftest import Registry


def test_a_promotion_cut_off_is_pointed_out_and_repaired(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    old, new = registry.publish(0.2), registry.publish(0.1)
    for version in (old, new):
        assert main(["models", "promote", version, "--reason", "r"]) == 0
    registry.store.set_tags(registry.bucket, manifest_key("cardio", new), {"stage": "candidate"})
    registry.store.set_tags(registry.bucket, manifest_key("cardio", old), {"stage": "production", "promotion-seq": "1"})
    capfd.readouterr()
    assert main(["models", "list"]) == 0
    assert "`carabin models repair` finishes it" in words(capfd.readouterr().err)
    assert main(["models", "repair"]) == 0
    assert "Finished:" in capfd.readouterr().out
    assert registry.tags(new)["stage"] == "production"
    assert main(["models", "repair"]) == 0
    assert "Nothing was cut off." in capfd.readouterr().out


def test_a_repair_says_which_trials_it_put_back(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    shadow, canary = registry.publish(0.2), registry.publish(0.1)
    for version, trial in ((shadow, ["shadow"]), (canary, ["canary", "--share", "0.1"])):
        assert main(["models", "stage", version, *trial, "--reason", "r"]) == 0
        registry.store.set_tags(registry.bucket, manifest_key("cardio", version), {})
    capfd.readouterr()
    assert main(["models", "repair"]) == 0
    said = words(capfd.readouterr().out)
    assert f"{canary} is canary for 10% of new sessions again, as the log says." in said
    assert f"{shadow} is shadow again, as the log says." in said
    assert "Nothing was cut off." not in said
    assert registry.tags(shadow)["stage"] == "shadow"


@pytest.mark.parametrize("command", [["repair"], ["prune", "--yes"]])
def test_a_model_that_is_not_there_is_an_error_that_names_those_that_are(
    registry: Registry, capfd: pytest.CaptureFixture[str], command: list[str]
) -> None:
    registry.publish(0.2)
    assert main(["models", *command, "--model", "cadrio"]) == 1
    assert "holds no model 'cadrio'; it holds cardio" in words(capfd.readouterr().err)


def test_prune_shows_first_and_deletes_only_after_yes(
    registry: Registry, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = registry.publish(0.5)
    kept = registry.publish(0.4, age=timedelta(days=-30))
    # The store's clock says when it was written: the command is given a day on which one of them is old.
    on_that_day = partial(plan_prune, now=datetime.now(UTC) + timedelta(days=40))
    monkeypatch.setattr(upkeep, "plan_prune", on_that_day)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(["models", "prune"]) == 1, "nobody is there to say yes"
    assert gone in capfd.readouterr().out
    assert registry.tags(gone) == {"stage": "candidate"}
    assert main(["models", "prune", "--yes"]) == 0
    assert "Deleted 1 versions." in capfd.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    assert [row["version"] for row in json.loads(capfd.readouterr().out)] == [kept]
    assert main(["models", "prune"]) == 0
    assert "Nothing to delete" in capfd.readouterr().out
    assert main(["models", "sweep"]) == 0
    assert "Nothing to sweep." in capfd.readouterr().out


def test_verify_reads_every_byte(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    version = registry.publish(0.1)
    assert main(["models", "verify", "latest"]) == 0
    assert "every byte of 1 files with 9 B is as published" in words(capfd.readouterr().out)
    registry.store.put(registry.bucket, file_key("cardio", version, "model.bin"), b"weights 9")
    assert main(["models", "verify", version]) == 1
    assert "model.bin: its SHA-256 is not that of the manifest" in words(capfd.readouterr().err)
    assert main(["models", "verify", version, "--json"]) == 1
    assert json.loads(capfd.readouterr().out)["problems"] == ["model.bin: its SHA-256 is not that of the manifest"]


def test_verify_checks_the_signature_against_the_trusted_keys(
    registry: Registry, capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    pem = tmp_path / "trusted.pem"
    pem.write_bytes(trusted.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    monkeypatch.setenv("CARABIN_SIGNING_TRUSTED", json.dumps([str(pem)]))
    signed = registry.publish(0.1, sign=signer(trusted))
    assert main(["models", "verify", signed]) == 0
    assert "which is trusted" in words(capfd.readouterr().out)
    for version in (registry.publish(0.1), registry.publish(0.1, sign=signer(other))):
        assert main(["models", "verify", version]) == 1
        assert re.search(r"unsigned|none of them a trusted key", words(capfd.readouterr().err))


def test_a_backup_comes_back_in_another_bucket(
    registry: Registry, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    version, backup = registry.publish(0.1), registry.folder / "backup"
    assert main(["models", "promote", version, "--reason", "good"]) == 0
    assert main(["models", "backup", str(backup)]) == 0
    monkeypatch.setenv("CARABIN_STORE_MODELS_BUCKET", f"{registry.bucket}-restored")
    assert main(["models", "restore", str(backup), "--model", "cardio"]) == 0
    assert f"{version} is in production" in words(capfd.readouterr().out)
    weights = next(backup.rglob("model.bin"))
    weights.write_bytes(b"other weights")
    assert main(["models", "restore", str(backup), "--model", "cardio"]) == 1
    assert "its SHA-256 is not the manifest's" in words(capfd.readouterr().err)
