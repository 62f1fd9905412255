"""What an operator asks of the exporter's own container, where no `carabin` is: its exports, and another try at one.

Both read the environment that the service reads, and go by the same ledger: a service that is at it keeps others out.
"""

import json
import sys
import threading

from carabin.registry.artifacts.signing import signer_from_settings
from carabin.registry.connect import connect, store_settings
from carabin.service.shutdown import install

from .errors import ExportCancelled
from .jobs.ledger import Ledger
from .jobs.pipeline import Exporter
from .jobs.records import owner_name
from .jobs.request import ExportRequest, Step
from .settings import ExporterSettings
from .sources import StoredCheckpoint, parse_reference

INTERRUPTED = 130
"""A shell's exit code for what Ctrl-C ended."""


def list_exports(name: str | None, *, as_json: bool) -> int:
    """Print the exports of a model, the settings' own where `name` is None: a line each, or one JSON document."""
    settings, where = ExporterSettings.load(), store_settings()
    ledger = Ledger(connect(where), where.models_bucket, owner_name())
    records = ledger.list(name or settings.model_name, lambda error: _say(str(error)))
    if as_json:
        _print(json.dumps([record.model_dump(mode="json") for record in records], indent=2))
        return 0
    for record in records:
        made = ", ".join(f"{form}: {version}" for form, version in record.versions.items())
        _print("  ".join(part for part in (record.id, record.checkpoint, record.state, made, record.reason) if part))
    return 0


def retry(reference: str, name: str | None, *, as_json: bool) -> int:
    """Export a checkpoint again that failed, in the forms of the settings; print each version that it became.

    Args:
        reference: RUN or RUN@STEP.

    Raises:
        CarabinError: see `Exporter.export`.
    """
    settings, where = ExporterSettings.load(), store_settings()
    store, bucket = connect(where), where.models_bucket
    request = ExportRequest(
        StoredCheckpoint(store, where.checkpoints_bucket, *parse_reference(reference)),
        name or settings.model_name, settings.quantizations, settings.language, retry=True,
    )  # fmt: skip
    exporter = Exporter(store, bucket, Ledger(store, bucket, owner_name()), settings.work, signer_from_settings())
    stop = threading.Event()
    install(lambda _: stop.set())
    try:
        manifests = exporter.export(request, _show, stop)
    except ExportCancelled as error:
        if not stop.is_set():
            raise
        _say(str(error))
        return INTERRUPTED
    if as_json:
        found = [{"version": each.version, "quantization": each.format.quantization} for each in manifests]
        _print(json.dumps(found, indent=2))
        return 0
    for each in manifests:
        _print(f"{each.name} {each.version} ({each.format.quantization}) is published")
    return 0


def _show(step: Step) -> None:
    _say(f"{step.stage:<8} {step.detail}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
