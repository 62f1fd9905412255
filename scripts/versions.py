"""Say which file names another version than versions.toml, and end with 1 where one does.

    python scripts/versions.py

Standard library only.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VERSION = r"\d+\.\d+\.\d+[0-9A-Za-z.+-]*?"
REPEATED = (
    ("libs/*/pyproject.toml", rf'^version = "({VERSION})"$'),
    ("services/*/pyproject.toml", rf'^version = "({VERSION})"$'),
    ("cli/pyproject.toml", rf'^version = "({VERSION})"$'),
    ("services/*/Dockerfile", rf"^ARG VERSION=({VERSION})$"),
    ("docker/tools/Dockerfile", rf"^ARG VERSION=({VERSION})$"),
    ("docker-compose.yml", rf"CARABIN_VERSION:-({VERSION})\}}"),
    ("k8s/overlays/*/kustomization.yaml", rf"newTag: ({VERSION})(?:-cpu|-cuda)?$"),
)
"""Files, and where each of them repeats the release's version."""
RECORDS = {
    "manifest": ("libs/registry/src/carabin/registry/artifacts/records.py", r"^SCHEMA_VERSION.*= (\d+)$"),
    "export": ("services/exporter/src/carabin/exporter/jobs/records.py", r"^SCHEMA_VERSION.*= (\d+)$"),
    "correction": ("libs/registry/src/carabin/registry/corrections.py", r"^    schema_version: int = (\d+)$"),
}
"""Where each schema's version stands in the code."""
FOREIGN = re.compile(
    r"(?:docker\.io/)?(?:python|pgsty/silo|prom/prometheus|grafana/grafana):[^\s}\"']+@sha256:[0-9a-f]{64}"
)
"""An image of others, by digest."""


def versions(root: Path = ROOT) -> dict[str, Any]:
    """Return versions.toml."""
    return tomllib.loads((root / "versions.toml").read_text(encoding="utf-8"))


def mismatches(root: Path = ROOT) -> list[str]:
    """Return one sentence for each file that names another version, or none where it should."""
    wanted = versions(root)
    return [*_releases(root, wanted), *_images(root, wanted), *_protocols(root, wanted), *_records(root, wanted)]


def _releases(root: Path, wanted: dict[str, Any]) -> Iterator[str]:
    version = wanted["release"]["version"]
    for pattern, expression in REPEATED:
        paths = sorted(root.glob(pattern))
        if not paths:
            yield f"{pattern}: there is no such file"
        for path in paths:
            found = re.findall(expression, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            if set(found) != {version}:
                yield f"{path.relative_to(root)}: {', '.join(sorted(set(found))) or 'no version'} in place of {version}"


def _images(root: Path, wanted: dict[str, Any]) -> Iterator[str]:
    ours, others = wanted["images"], set(wanted["images-of-others"].values())
    places = [root / "docker-compose.yml", *root.glob("k8s/components/**/*.yaml"), *root.glob("**/Dockerfile")]
    named: set[str] = set()
    for path in sorted(places):
        found = set(FOREIGN.findall(path.read_text(encoding="utf-8")))
        named |= found
        yield from (f"{path.relative_to(root)}: {image} is not in versions.toml" for image in sorted(found - others))
    yield from (f"versions.toml: {image} is named nowhere" for image in sorted(others - named))
    for path in sorted(root.glob("k8s/overlays/*/kustomization.yaml")):
        text = path.read_text(encoding="utf-8")
        for name, tag in re.findall(r"carabin/(\w+)\n(?: +newName: .*\n)? +newTag: (\S+)$", text, flags=re.MULTILINE):
            variant = tag.partition("-")[2]
            if name not in ours or (variant not in ours[name] if ours[name] else variant):
                yield f"{path.relative_to(root)}: {name}:{tag} is none of our images"


def _protocols(root: Path, wanted: dict[str, Any]) -> Iterator[str]:
    packages = {
        found
        for path in root.glob("proto/**/*.proto")
        for found in re.findall(r"^package (\S+);$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    if packages != set(wanted["protocols"]["grpc"]):
        yield f"proto: {', '.join(sorted(packages))} in place of {', '.join(wanted['protocols']['grpc'])}"
    tested = (root / "tests/compatibility/conftest.py").read_text(encoding="utf-8")
    if f'"whisper-live=={wanted["protocols"]["whisperlive"]}"' not in tested:
        yield f"tests/compatibility/conftest.py: not whisper-live {wanted['protocols']['whisperlive']}"


def _records(root: Path, wanted: dict[str, Any]) -> Iterator[str]:
    for record, (name, expression) in RECORDS.items():
        match = re.search(expression, (root / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
        found = next((group for group in match.groups() if group), None) if match else None
        if found != str(wanted["records"][record]):
            yield f"{name}: schema {found} in place of {wanted['records'][record]}"


def main() -> int:
    """Print what differs."""
    found = mismatches()
    for sentence in found or ["every file names the versions of versions.toml"]:
        sys.stdout.write(f"{sentence}\n")
    return 1 if found else 0


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    sys.exit(main())
