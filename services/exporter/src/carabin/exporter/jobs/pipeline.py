"""One export from end to end: fetch, gate, convert, validate, publish; all of it, or nothing that a reader can see."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import Signer, read_manifest
from carabin.registry.disk import scratch_folder
from carabin.registry.errors import CarabinError, VersionMissing
from carabin.registry.store import ObjectStore
from carabin.service.shortage import translate_shortage
from carabin.service.threads import ThreadSupervisor

from ..conversion.convert import convert_all
from ..conversion.ct2_folder import copy_ct2, inspect_ct2
from ..conversion.layouts import complete
from ..conversion.lora import is_adapter, merge_adapter
from ..errors import ConversionRefused, ExportCancelled, LeaseLost
from ..publishing.publish import publish
from ..sources import Ct2Folder
from ..validation.result import Validated
from ..validation.samples import Sample, load_samples, shipped_sample
from ..validation.validate import ConvertedForm, Validator
from .blame import PERMANENT, counts_against_checkpoint
from .lease import LeaseRenewal
from .ledger import Ledger
from .records import Held
from .request import AS_IT_IS, ExportRequest, Report, Step

SCRATCH: Final = "carabin-export-"
"""How the name of a folder begins in which an export is under way."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One export under way."""

    request: ExportRequest
    renewal: LeaseRenewal
    report: Report
    scratch: Path

    def enter(self, stage: str, detail: str) -> None:
        self.report(Step(stage, detail))
        self.renewal.note(stage=f"{stage} {detail}")


class Exporter:
    """Carries exports out.

    Args:
        work: folder for checkpoints and models on their way; it needs three times the checkpoint.
        sign: signs each manifest; None leaves versions unsigned.
        threads: supervises the renewal of leases.
    """

    def __init__(
        self, store: ObjectStore, bucket: str, ledger: Ledger, work: Path | None = None,
        sign: Signer | None = None, threads: ThreadSupervisor | None = None,
    ) -> None:  # fmt: skip
        self._store, self._bucket, self._ledger, self._work, self._sign = store, bucket, ledger, work, sign
        self._threads = threads or ThreadSupervisor()
        self._current: LeaseRenewal | None = None

    def export(
        self, request: ExportRequest, report: Report = lambda _: None, stop: threading.Event | None = None
    ) -> list[ModelManifest]:
        """Export as asked and return one version per form; a version that is there already is returned as it is.

        Raises:
            CheckpointRefused, ConversionRefused, ConversionFailed: marked in the ledger with the reason.
            ResourcesExhausted, and the others of `blame.PASSING`: the export is free for the next attempt.
            Exception: any other counts against the checkpoint, which is marked as failed at the third attempt.
            ExportBusy, ExportFailedBefore: see `Ledger.claim`.
            ExportCancelled, LeaseLost: see `LeaseRenewal.check`.
        """
        held = self._claim(request)
        if not set(request.forms) <= set(held.record.versions):
            with LeaseRenewal(self._ledger, held, self._threads, stop) as renewal:
                self._current = renewal
                try:
                    self._carry_out(request, renewal, report)
                finally:
                    self._current = None
        elif held.record.state == "running":
            # The exporter that held it before us published the last form and died before it wrote "done".
            self._ledger.finish(held, "done")
        versions = self._ledger.read(request.name, held.record.id).record.versions
        manifests = [read_manifest(self._store, self._bucket, request.name, versions[form]) for form in request.forms]
        report(Step("done", ", ".join(manifest.version for manifest in manifests)))
        return manifests

    def release(self) -> None:
        """Give back the lease of the export under way, if there is one: the process is about to end."""
        renewal = self._current
        if renewal:
            with suppress(CarabinError):
                renewal.release()

    def _claim(self, request: ExportRequest) -> Held:
        source = request.source
        held = self._ledger.claim(request.name, source.identity, source.label, request.forms, retry=request.retry)
        versions = held.record.versions
        if set(request.forms) <= set(versions):
            visible = {form: each for form, each in versions.items() if self._is_visible(request.name, each)}
            if set(request.forms) <= set(visible):
                return held
            self._ledger.reopen(held, visible)
            held = self._ledger.claim(request.name, source.identity, source.label, request.forms)
        return held

    def _is_visible(self, name: str, version: str) -> bool:
        try:
            read_manifest(self._store, self._bucket, name, version)
        except VersionMissing:
            return False
        return True

    def _carry_out(self, request: ExportRequest, renewal: LeaseRenewal, report: Report) -> None:
        try:
            with translate_shortage(request.source.label), scratch_folder(self._work, SCRATCH) as scratch:
                work = _Work(request, renewal, report, scratch)
                if isinstance(request.source, Ct2Folder):
                    self._import(work, request.source)
                else:
                    self._convert(work)
        except PERMANENT as error:
            renewal.finish("failed", error.reason)
            # Our scratch folder's name would mean nothing to anybody.
            raise type(error)(Path(request.source.label), error.reason) from error
        except ExportCancelled as error:
            # Stopped by its own process it is free for the next exporter; stopped by request it stays stopped.
            if renewal.cancelled_on_request:
                renewal.finish("cancelled", str(error))
            else:
                renewal.interrupt(str(error), counts=False)
            raise
        except LeaseLost:
            raise
        except BaseException as error:
            with suppress(CarabinError):
                renewal.interrupt(str(error) or type(error).__name__, counts=counts_against_checkpoint(error))
            raise
        renewal.finish("done")

    def _convert(self, work: _Work) -> None:
        source, forms = work.request.source, work.renewal.record.missing
        work.enter("fetch", source.label)
        checkpoint = source.fetch(work.scratch / "checkpoint")
        samples = work.request.samples or load_samples(checkpoint)
        if is_adapter(checkpoint):
            work.enter("merge", source.label)
            checkpoint = merge_adapter(checkpoint, work.scratch / "merged")
        checkpoint = complete(checkpoint, work.scratch / "completed")
        work.enter("convert", ", ".join(forms))
        folders = {form: work.scratch / form for form in forms}
        facts = convert_all(checkpoint, folders, work.renewal.check)
        self._validate_all(work, [ConvertedForm(form, folders[form], facts) for form in forms], samples, checkpoint)

    def _import(self, work: _Work, source: Ct2Folder) -> None:
        work.enter("inspect", source.label)
        facts = inspect_ct2(source.folder)
        folder = copy_ct2(source.folder, work.scratch / "model")
        samples = work.request.samples or (shipped_sample(),)
        self._validate_all(work, [ConvertedForm(AS_IT_IS, folder, facts)], samples, None)

    def _validate_all(
        self, work: _Work, candidates: Sequence[ConvertedForm], samples: Sequence[Sample], checkpoint: Path | None
    ) -> None:
        """Publish each form as soon as it is validated; one that is refused keeps no other from being published."""
        validator = Validator(samples, work.request.language, checkpoint, work.request.source.background().window)
        refused: list[ConversionRefused] = []
        for candidate in candidates:
            work.enter("prove", candidate.form)
            try:
                validated = validator.validate(candidate, work.renewal.check)
            except ConversionRefused as error:
                if candidate.form not in work.request.forms:
                    continue  # whoever asked for it was interrupted, and is told when they ask again
                refused.append(ConversionRefused(candidate.folder, f"{candidate.form}: {error.reason}"))
                continue
            work.enter("publish", candidate.form)
            self._publish(work, candidate, validated)
        if refused:
            raise refused[0]

    def _publish(self, work: _Work, candidate: ConvertedForm, validated: Validated) -> None:
        record = work.renewal.record
        manifest = publish(
            self._store, self._bucket, work.request.name, candidate.folder, record.date_of(candidate.form), validated,
            work.request.source.background(), sign=self._sign,
        )  # fmt: skip
        work.renewal.note(versions={**work.renewal.record.versions, candidate.form: manifest.version})
