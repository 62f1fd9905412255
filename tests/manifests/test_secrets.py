"""No key is committed, and the script that makes keys never overwrites one."""

import subprocess
from pathlib import Path

import yaml

from .render import ROOT, script


def test_no_secret_lies_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in listed if name.endswith(".env") and "secrets" in name] == []
    assert ".env" not in listed
    for name in listed:
        if name.startswith("k8s/") and name.endswith(".yaml"):
            documents = yaml.safe_load_all((ROOT / name).read_text())
            assert not any(document and document.get("kind") == "Secret" for document in documents), name


def test_empty_secrets_are_filled_at_random_and_the_rest_is_kept() -> None:
    example = "# a note\nNAME=kept\nSTORE_SECRET_KEY=\nGRAFANA_PASSWORD=mine\n"
    lines = script("make_secrets").filled(example).splitlines()
    assert lines[:2] == ["# a note", "NAME=kept"]
    assert lines[3] == "GRAFANA_PASSWORD=mine"
    assert 16 <= len(lines[2].removeprefix("STORE_SECRET_KEY=")) <= 40
    assert script("make_secrets").filled(example).splitlines()[2] != lines[2]


def test_a_key_in_use_is_never_overwritten(tmp_path: Path) -> None:
    example = tmp_path / "store.env.example"
    example.write_text("A_SECRET_KEY=\n")
    make_secrets = script("make_secrets")
    assert make_secrets.write(example) is True
    first = (tmp_path / "store.env").read_text()
    assert make_secrets.write(example) is False
    assert (tmp_path / "store.env").read_text() == first
    assert (tmp_path / "store.env").stat().st_mode & 0o077 == 0, "others may read the keys"


def test_every_secret_that_the_base_needs_has_an_example() -> None:
    component = yaml.safe_load((ROOT / "k8s/components/secrets/kustomization.yaml").read_text())
    for generator in component["secretGenerator"]:
        for name in generator["envs"]:
            assert (ROOT / f"k8s/components/secrets/{name}.example").is_file()
