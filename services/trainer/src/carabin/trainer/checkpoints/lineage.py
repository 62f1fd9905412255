"""What a checkpoint came from: hashes, versions and the commit, so that it can be made again and trusted."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.bundle import sha256_of

from ..datasets.local import LocalDataset
from .resume import RunFingerprint

LIBRARIES: Final = ("torch", "transformers", "accelerate", "peft", "ctranslate2", "faster-whisper", "carabin-trainer")
COMMIT_VARIABLE: Final = "CARABIN_COMMIT"
"""Set in images, which hold no repository."""


def fingerprint(base: Path) -> str:
    """Return the SHA-256 of the base's weights, of all its shards in order; of pickled ones where it has no others."""
    shards = sorted(base.glob("model*.safetensors")) or sorted(base.glob("pytorch_model*.bin"))
    return "+".join(sha256_of(shard) for shard in shards)


def lineage(
    run: str, base: str, dataset: LocalDataset, replay: LocalDataset | None, identity: RunFingerprint
) -> dict[str, str]:
    """Return a checkpoint's `source`: every value is text."""
    source = {
        "run": run,
        "base_model": base,
        "base_sha256": identity.base,
        "dataset": dataset.name,
        "dataset_version": dataset.version,
        "dataset_sha256": dataset.sha256,
        "commit": commit(),
        "python": platform.python_version(),
        "libraries": " ".join(f"{name}={version(name)}" for name in LIBRARIES),
    }
    if replay is not None:
        source |= {"replay": replay.name, "replay_version": replay.version, "replay_sha256": replay.sha256}
    return source


def commit() -> str:
    """Return the commit of the code that runs, or `unknown` outside a repository."""
    if known := os.environ.get(COMMIT_VARIABLE):
        return known
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
