"""`carabin doctor`, and `python -m carabin.service.doctor` in every image: what a service needs here."""

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from carabin.registry.artifacts.publish import read_manifest
from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import StoreError
from carabin.registry.stages.read import read_production

from ..memory import available_bytes
from ..output import never_lose_output
from .gpu import check_decode, check_gpu, read_gpus
from .host import check_certificate, check_folder, check_memory, check_port
from .object_store import check_clock, check_store
from .report import Check, Checked, Health, has_failed, render, render_json, run_checks


def main(argv: list[str] | None = None, prog: str = "python -m carabin.service.doctor") -> int:
    """Look at everything: 0 where nothing keeps a service from working, 1 otherwise."""
    never_lose_output()
    options = _parser(prog).parse_args(argv)
    findings = run_checks(_checks(options))
    sys.stdout.write((render_json(findings) if options.json else render(findings)) + "\n")
    return int(has_failed(findings))


def _checks(options: argparse.Namespace) -> list[tuple[str, Check]]:
    checks: list[tuple[str, Check]] = [("GPU", partial(check_gpu, required=options.device == "cuda"))]
    if options.gpu_only:
        return checks
    if options.model_dir is not None:
        checks.append(("decode", partial(check_decode, options.model_dir, options.device)))
    checks.append(("object store", _store))
    checks.append(("memory for two models", partial(_memory, options.model_dir, options.model, options.device)))
    checks += [(f"folder {folder}", partial(check_folder, folder)) for folder in options.folder]
    checks += [(f"port {port}", partial(check_port, port)) for port in options.port]
    if options.tls_cert is not None:
        checks.append(("certificate", partial(check_certificate, options.tls_cert, options.tls_key, datetime.now(UTC))))
    return checks


def _store() -> Iterator[Checked]:
    settings = store_settings()
    yield from check_clock(settings.endpoint, settings.secure)
    yield from check_store(connect(settings), settings.models_bucket, settings.endpoint)


def _memory(folder: Path | None, name: str | None, device: str) -> Iterator[Checked]:
    """Take the size of the model in `folder`, or of the one that the store has in production under `name`."""
    try:
        size_bytes = _size_of(folder, name)
    except StoreError:
        size_bytes = None  # what is wrong with the store is said by its own check
    if size_bytes is None:
        yield Checked(
            "memory for two models", Health.SKIPPED, "no model is known here: its size is not",
            "name the model with --model, or a folder with --model-dir",
        )  # fmt: skip
        return
    yield from check_memory(size_bytes, available_bytes(), "this machine")
    for gpu in [] if device == "cpu" else read_gpus():
        yield from check_memory(size_bytes, gpu.free_mib << 20, gpu.name)


def _size_of(folder: Path | None, name: str | None) -> int | None:
    if folder is not None:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) or None
    if name is None:
        return None
    settings = store_settings()
    store = connect(settings)
    version = read_production(store, settings.models_bucket, name)
    if version is None:
        return None
    return sum(entry.size for entry in read_manifest(store, settings.models_bucket, name, version).files)


def _parser(prog: str) -> argparse.ArgumentParser:
    setting = "CARABIN_TRANSCRIBER_"
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Look at what a service needs here, and say what to do: GPU and libraries, object store, clock, "
        "memory, folders, ports, certificate. What the transcriber's settings name is looked at by default.",
        epilog=f"Example: {prog} --device cuda --port 9090",
    )
    parser.add_argument(
        "--device", default=os.environ.get(f"{setting}DEVICE", "auto"), help="cuda: a GPU must be there"
    )
    parser.add_argument("--gpu-only", action="store_true", help="the GPU and its libraries alone, as at a pod's start")
    parser.add_argument("--model-dir", type=Path, default=_path(f"{setting}MODEL_DIR"), help="decode with this model")
    parser.add_argument(
        "--model", default=os.environ.get(f"{setting}MODEL_NAME"), help="a model of the store, for the memory of two"
    )
    parser.add_argument(
        "--folder", type=Path, action="append", default=_paths(f"{setting}CACHE_DIR"), help="a folder to be written"
    )
    parser.add_argument("--port", type=int, action="append", default=[], help="a port to be free; may be repeated")
    parser.add_argument("--tls-cert", type=Path, default=_path(f"{setting}TLS_CERT"), help="a certificate in PEM")
    parser.add_argument("--tls-key", type=Path, default=_path(f"{setting}TLS_KEY"), help="its key")
    parser.add_argument("--json", action="store_true", help="print for machines")
    return parser


def _path(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def _paths(variable: str) -> list[Path]:
    path = _path(variable)
    return [path] if path else []
