"""Where training starts: the embedded model, a hub, a folder of either format, or something the registry holds."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.checkpoints import (
    CheckpointManifest,
    fetch_checkpoint,
    latest_checkpoint,
    read_checkpoint,
)
from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import fetch_model, read_manifest
from carabin.registry.connect import store_settings
from carabin.registry.errors import VersionMissing
from carabin.registry.stages.read import read_production
from carabin.registry.store import ObjectStore

from ..errors import BaseModelRefused
from .ct2_import import import_ct2
from .embedded import install_base_model

EMBEDDED: Final = "embedded"
RUN, MODEL = "run:", "model:"
REQUIRED: Final = ("config.json", "tokenizer.json", "generation_config.json")
FILES: Final = ("*.json", "model*.safetensors")

Connect = Callable[[], ObjectStore]


def resolve_base(spec: str, cache: Path, connect: Connect | None = None) -> Path:
    """Return a Hugging Face Whisper folder for `spec`.

    Args:
        spec: `embedded`, a hub id such as openai/whisper-small, a Hugging Face or CTranslate2 folder, `run:NAME[@STEP]`
            for a checkpoint, or `model:NAME[@VERSION]` for a model version (the one in production by default).
        cache: where what is rebuilt or fetched is kept.
        connect: opens the store, for the last two.

    Raises:
        BaseModelRefused: there is no such model, or it cannot be trained from; the text says what can.
    """
    if spec == EMBEDDED:
        return _rebuilt(install_base_model(cache / "embedded-ct2"), cache / "embedded")
    if spec.startswith((RUN, MODEL)):
        if connect is None:
            raise BaseModelRefused(f"base {spec} is in the store, and none is connected")
        fetch = _from_run if spec.startswith(RUN) else _from_model
        return _checked(fetch(spec, cache, connect()), spec)
    folder = Path(spec)
    if (folder / "model.bin").is_file():
        stamp = hashlib.sha256(f"{folder.resolve()} {(folder / 'model.bin').stat().st_mtime_ns}".encode()).hexdigest()
        return _checked(_rebuilt(folder, cache / f"ct2-{stamp[:12]}"), spec)
    if folder.is_dir():
        return _checked(folder, spec)
    return _checked(_from_hub(spec), spec)


def pin(spec: str, connect: Connect) -> str:
    """Return a base of the store with its step or version, as what is newest or in production may change meanwhile.

    Raises:
        VersionMissing: there is no such checkpoint or version.
    """
    if spec.startswith(RUN):
        checkpoint = _checkpoint(spec, connect())
        return f"{RUN}{checkpoint.run}@{checkpoint.step}"
    if spec.startswith(MODEL):
        version = _version(spec, connect())
        return f"{MODEL}{version.name}@{version.version}"
    return spec


def _rebuilt(source: Path, target: Path) -> Path:
    if target.exists():
        return target
    scratch = target.with_name(f".{target.name}")
    shutil.rmtree(scratch, ignore_errors=True)
    import_ct2(source, scratch)
    scratch.rename(target)
    return target


def source_of(spec: str, store: ObjectStore) -> dict[str, str]:
    """Return the lineage of a base that the store holds; empty for any other.

    Raises:
        VersionMissing: there is no such checkpoint or version.
    """
    if spec.startswith(RUN):
        return _checkpoint(spec, store).source
    return _version(spec, store).source if spec.startswith(MODEL) else {}


def _checkpoint(spec: str, store: ObjectStore) -> CheckpointManifest:
    run, _, step = spec.removeprefix(RUN).partition("@")
    if step and not step.isdecimal():
        raise BaseModelRefused(f"base {spec}: the step {step!r} is not a number")
    bucket = store_settings().checkpoints_bucket
    manifest = read_checkpoint(store, bucket, run, int(step)) if step else latest_checkpoint(store, bucket, run)
    if manifest is None:
        raise VersionMissing(f"run {run} has no checkpoint to start from")
    return manifest


def _version(spec: str, store: ObjectStore) -> ModelManifest:
    name, _, version = spec.removeprefix(MODEL).partition("@")
    bucket = store_settings().models_bucket
    version = version or read_production(store, bucket, name) or ""
    if not version:
        raise VersionMissing(f"model {name} has no version in production: name one, as {MODEL}{name}@VERSION")
    return read_manifest(store, bucket, name, version)


def _from_run(spec: str, cache: Path, store: ObjectStore) -> Path:
    manifest, bucket = _checkpoint(spec, store), store_settings().checkpoints_bucket
    target = cache / f"run-{manifest.run}-{manifest.step}"
    return (
        target if target.exists() else fetch_checkpoint(store, bucket, manifest, target, lambda path: "/" not in path)
    )


def _from_model(spec: str, cache: Path, store: ObjectStore) -> Path:
    manifest = _version(spec, store)
    fetched = cache / f"model-{manifest.name}-{manifest.version}-ct2"
    if not fetched.exists():
        fetch_model(store, store_settings().models_bucket, manifest, fetched)
    return _rebuilt(fetched, cache / f"model-{manifest.name}-{manifest.version}")


def _from_hub(spec: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(spec, allow_patterns=list(FILES)))
    except Exception as error:  # the hub's client raises its own, requests' and httpx's errors
        raise BaseModelRefused(
            f"base {spec}: there is no such folder, and no model hub gives it ({type(error).__name__}):"
            f" name a folder, a hub id that can be reached, or {EMBEDDED!r}"
        ) from error


def _checked(folder: Path, spec: str) -> Path:
    missing = [name for name in REQUIRED if not (folder / name).is_file()]
    if missing:
        raise BaseModelRefused(f"base {spec}: {', '.join(missing)} missing: not a whole Hugging Face Whisper folder")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError:
        config = None
    if not isinstance(config, dict) or config.get("model_type") != "whisper":
        raise BaseModelRefused(f"base {spec}: its config.json is not a Whisper's")
    return folder
