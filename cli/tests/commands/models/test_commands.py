"""`carabin models` tells a person, and a machine, what is in the registry, and refuses what would harm."""

import io
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from carabin.cli.commands.models.rows import SHOWN
from carabin.cli.main import main
from carabin.registry.artifacts.manifest import ModelFormat
from carabin.registry.artifacts.publish import Signer, publish_model
from carabin.registry.artifacts.signing import signer
from carabin.registry.layout import file_key, manifest_key
from carabin.registry.s3_store import MinioStore
from carabin.registry.settings import StoreSettings
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ...conftest import words

FORMAT = ModelFormat(quantization="int8", n_mels=80, n_languages=99, vocabulary_size=51865, ctranslate2="4.8.5")
NOW = datetime.now(UTC).replace(microsecond=0)


class Registry:
    """Versions on the real store, oldest first."""

    def __init__(self, settings: StoreSettings, folder: Path) -> None:
        self.store, self.bucket, self.folder = MinioStore(settings), settings.models_bucket, folder
        self.versions: list[str] = []

    def publish(
        self, wer: float, age: timedelta = timedelta(0), name: str = "cardio", sign: Signer | None = None
    ) -> str:
        folder = self.folder / str(len(self.versions))
        folder.mkdir()
        (folder / "model.bin").write_text(f"weights {len(self.versions)}")
        metrics = {"wer": wer, "term_recall": 1 - wer}
        at = NOW - age + timedelta(seconds=len(self.versions))
        manifest = publish_model(
            self.store,
            self.bucket,
            name,
            folder,
            at,
            format=FORMAT,
            metrics=metrics,
            sign=sign,
            source={"run": f"run-{len(self.versions)}"},
        )
        self.versions.append(manifest.version)
        return manifest.version

    def tags(self, version: str) -> dict[str, str]:
        return self.store.get_tags(self.bucket, manifest_key("cardio", version))


@pytest.fixture
def registry(s3_environment: StoreSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("LOGNAME", "infirmier")
    monkeypatch.delenv("CARABIN_MODEL", raising=False)
    return Registry(s3_environment, tmp_path)


def test_a_version_is_promoted_listed_and_rolled_back(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    old, new = registry.publish(0.30), registry.publish(0.10)
    assert main(["models", "promote", old, "--reason", "first"]) == 0
    capfd.readouterr()
    assert main(["models", "promote", new[-12:], "--reason", "fewer errors", "--expect", old]) == 0
    shown = words(capfd.readouterr().out)
    assert "wer 0.300 0.100 -0.200 better" in shown
    assert f"promote {old} -> {new} by infirmier: fewer errors" in shown
    assert main(["models", "list"]) == 0
    table = capfd.readouterr().out
    assert table.index(new) < table.index(old), "newest first"
    assert "infirmier" in table
    assert main(["models", "list", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)
    assert [(row["version"], row["stage"], row["serves"]) for row in rows] == [
        (new, "production", True),
        (old, "archived", False),
    ]
    assert main(["models", "rollback", "--reason", "laterality errors"]) == 0
    assert registry.tags(old)["stage"] == "production"
    capfd.readouterr()
    assert main(["models", "log"]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[-1].endswith(f"rollback {new} -> {old} by infirmier: laterality errors")


def test_worse_figures_are_shown_and_refused_until_forced_with_a_reason(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    good, bad = registry.publish(0.10), registry.publish(0.30)
    assert main(["models", "promote", good, "--reason", "first"]) == 0
    capfd.readouterr()
    assert main(["models", "promote", bad, "--reason", "try"]) == 1
    shown = capfd.readouterr()
    assert "worse: refused unless forced" in words(shown.out)
    assert "wer 0.100 -> 0.300, term_recall 0.900 -> 0.700" in words(shown.err)
    assert registry.tags(bad) == {"stage": "candidate"}
    assert main(["models", "promote", bad, "--force"]) == 2, "a reason is wanted"
    capfd.readouterr()
    assert main(["models", "promote", bad, "--force", "--reason", "new scanner room", "--by", "Dr Roux", "--json"]) == 0
    record = json.loads(capfd.readouterr().out)
    assert (record["forced"], record["by"], record["reason"]) == (True, "Dr Roux", "new scanner room")
    assert record["metrics_delta"]["wer"] == pytest.approx(0.2)


def test_a_stale_expectation_is_refused(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    first, second = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "promote", first, "--reason", "r"]) == 0
    assert main(["models", "promote", second, "--reason", "r", "--expect", second]) == 1
    assert f"production is {first}, not {second}" in words(capfd.readouterr().err)


def test_what_was_typed_must_name_one_version_and_one_model(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "list"]) == 1
    assert "holds no model yet" in capfd.readouterr().err
    first, second = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "show", first[:4]]) == 1
    assert "names 2 versions of cardio" in capfd.readouterr().err
    assert main(["models", "show", "zzz"]) == 1
    assert "cardio has no version 'zzz'" in capfd.readouterr().err
    assert main(["models", "show", "latest", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["version"] == second
    registry.publish(0.1, name="neuro")
    assert main(["models", "list"]) == 1
    assert "there are 2 models: cardio, neuro; choose one with --model" in capfd.readouterr().err
    assert main(["models", "list", "--model", "cardio"]) == 0


def test_show_and_diff_say_what_a_version_is_and_how_it_differs(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    old, new = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "show", old]) == 0
    shown = words(capfd.readouterr().out)
    assert "int8, 80 mel bins, 51865 tokens" in shown
    assert "file model.bin 9 B, sha256" in shown
    assert main(["models", "diff", old, new]) == 0
    shown = words(capfd.readouterr().out)
    assert "wer 0.200 0.100 -0.100 better" in shown
    assert "source.run: run-0 -> run-1" in shown
    assert "Files that differ: model.bin" in shown
    assert main(["models", "diff", old, new, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["files"] == ["model.bin"]


def test_a_canary_and_a_shadow_are_set_by_tags_and_never_on_production(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    first, second = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "promote", first, "--reason", "r"]) == 0
    assert main(["models", "stage", second, "canary", "--share", "0.25", "--reason", "two wards try it"]) == 0
    assert "25% of new sessions" in capfd.readouterr().out
    assert registry.tags(second) == {"stage": "canary", "canary-share": "0.25"}
    assert main(["models", "stage", second, "shadow", "--reason", "fewer ears", "--by", "dr-a"]) == 0
    assert registry.tags(second) == {"stage": "shadow"}
    assert main(["models", "stage", second, "canary", "--reason", "r"]) == 1
    assert "needs a share" in capfd.readouterr().err
    assert main(["models", "stage", first, "canary", "--share", "0.1", "--reason", "r"]) == 1
    assert "is in production" in words(capfd.readouterr().err)
    assert main(["models", "log"]) == 0
    logged = [words(line) for line in capfd.readouterr().out.splitlines()]
    assert [line.split()[:2] for line in logged] == [["promotion", "1"], ["stage", "1"], ["stage", "2"]]
    assert logged[1].endswith(f"canary 0.25 {second} by infirmier: two wards try it")
    assert logged[2].endswith(f"shadow {second} by dr-a: fewer ears")
    assert main(["models", "show", second]) == 0
    assert "two wards try it" in words(capfd.readouterr().out)


def test_a_stage_without_a_reason_is_wrong_usage(registry: Registry) -> None:
    assert main(["models", "stage", registry.publish(0.2), "shadow"]) == 2


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


def test_prune_shows_first_and_deletes_only_after_yes(
    registry: Registry, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = registry.publish(0.5, age=timedelta(days=40))
    kept = registry.publish(0.4, age=timedelta(days=10))
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


@pytest.mark.parametrize(
    "command",
    ["list", "show", "diff", "promote", "rollback", "stage", "log", "repair", "prune", "sweep", "verify"],
)
def test_every_command_explains_itself_with_an_example(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["models", command, "--help"]) == 0
    assert f"Example: carabin models {command}" in words(capfd.readouterr().out)


def test_a_manifest_that_cannot_be_read_is_named_and_hides_nothing(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    broken, good = registry.publish(0.2), registry.publish(0.1)
    assert main(["models", "promote", broken, "--reason", "r"]) == 0
    key = manifest_key("cardio", broken)
    tags = registry.tags(broken)
    registry.store.put(registry.bucket, key, b"{")
    registry.store.set_tags(registry.bucket, key, tags)
    capfd.readouterr()
    assert main(["models", "list"]) == 0
    shown = capfd.readouterr()
    assert good in shown.out
    assert f"{broken}/manifest.json: document: Invalid JSON" in words(shown.err)
    assert main(["models", "show", broken]) == 1
    assert main(["models", "promote", good, "--reason", "the other one is broken"]) == 0


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


def test_more_versions_and_changes_than_a_screen_holds_are_listed_on_demand(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    versions = [registry.publish(0.1) for _ in range(SHOWN + 3)]
    for version in versions[:2]:
        assert main(["models", "promote", version, "--reason", "good"]) == 0
    capfd.readouterr()
    assert main(["models", "list"]) == 0
    table = capfd.readouterr().out
    assert f"{SHOWN + 3} versions, {SHOWN + 1} shown" in table
    assert versions[1] in table, "in production, however old"
    assert versions[0] not in table
    assert main(["models", "list", "--all"]) == 0
    assert versions[0] in capfd.readouterr().out
    assert main(["models", "list", "--json"]) == 0
    assert len(json.loads(capfd.readouterr().out)) == SHOWN + 3
