"""One export from end to end: fetch, gate, convert, prove, publish; all of it, or nothing that a reader can see."""

import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carabin.registry.artifacts.manifest import ModelManifest
from carabin.registry.artifacts.publish import Signer, read_manifest
from carabin.registry.errors import CarabinError, VersionMissing
from carabin.registry.layout import safe_name
from carabin.registry.store import ObjectStore

from ..conversion.convert import QUANTIZATIONS, convert_all
from ..conversion.ct2_folder import copy_ct2, inspect_ct2
from ..conversion.lora import is_adapter, merge_adapter
from ..errors import (
    CheckpointRefused,
    ConversionFailed,
    ConversionRefused,
    ExportCancelled,
    LeaseLost,
    RequestInvalid,
)
from ..publishing.publish import publish
from ..sources import CheckpointSource, Ct2Folder
from ..validation.result import Validated
from ..validation.samples import Sample, load_samples, shipped_sample
from ..validation.validate import ConvertedForm, Validator
from .lease import LeaseRenewal
from .ledger import Held, Ledger

PERMANENT: Final = (CheckpointRefused, ConversionRefused, ConversionFailed)
"""What the checkpoint is to blame for: it is marked, and nobody tries again unasked."""

AS_IT_IS: Final = "as it is"
"""The one form of an imported CTranslate2 folder, whose quantization is known once it was read."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export, as what, in which forms.

    Raises:
        RequestInvalid: a form that cannot be.
        UnsafePath: a name that cannot be.
    """

    source: CheckpointSource
    name: str
    quantizations: tuple[str, ...] = ("float16",)
    language: str = "fr"
    samples: tuple[Sample, ...] = ()
    """Dictations to prove it on; none: the checkpoint's own, or the one that ships with the exporter."""
    retry: bool = False
    """Try again although this checkpoint failed before."""

    def __post_init__(self) -> None:
        safe_name(self.name)
        unknown = [form for form in self.quantizations if form not in QUANTIZATIONS]
        if not isinstance(self.source, Ct2Folder) and (unknown or not self.quantizations):
            raise RequestInvalid(f"unknown quantization {', '.join(unknown)!r}; one of {', '.join(QUANTIZATIONS)}")

    @property
    def forms(self) -> tuple[str, ...]:
        return (AS_IT_IS,) if isinstance(self.source, Ct2Folder) else tuple(dict.fromkeys(self.quantizations))


@dataclass(frozen=True, slots=True)
class Step:
    """What the exporter is at."""

    stage: str
    """fetch, merge, inspect, convert, prove, publish or done."""
    detail: str


Report = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class _Work:
    """One export under way."""

    request: ExportRequest
    beat: LeaseRenewal
    report: Report
    scratch: Path

    def enter(self, stage: str, detail: str) -> None:
        self.report(Step(stage, detail))
        self.beat.note(stage=f"{stage} {detail}")


class Exporter:
    """Carries exports out.

    Args:
        work: folder for checkpoints and models on their way; it needs three times the checkpoint.
        sign: signs each manifest; None leaves versions unsigned.
    """

    def __init__(
        self, store: ObjectStore, bucket: str, ledger: Ledger, work: Path | None = None, sign: Signer | None = None
    ) -> None:
        self._store, self._bucket, self._ledger, self._work, self._sign = store, bucket, ledger, work, sign

    def export(
        self, request: ExportRequest, report: Report = lambda _: None, stop: threading.Event | None = None
    ) -> list[ModelManifest]:
        """Export as asked and return one version per form; a version that is there already is returned as it is.

        Raises:
            CheckpointRefused, ModelRefused, ConversionFailed: marked in the ledger with the reason.
            ExportBusy, ExportFailedBefore: see `Ledger.claim`.
            ExportCancelled, LeaseLost: see `LeaseRenewal.check`.
        """
        held = self._claim(request)
        if not set(request.forms) <= set(held.record.versions):
            with LeaseRenewal(self._ledger, held, stop) as beat:
                self._carry_out(request, beat, report)
        elif held.record.state == "running":
            # Whoever held it before us published the last form and died before saying so.
            self._ledger.finish(held, "done")
        versions = self._ledger.read(request.name, held.record.id).record.versions
        manifests = [read_manifest(self._store, self._bucket, request.name, versions[form]) for form in request.forms]
        report(Step("done", ", ".join(manifest.version for manifest in manifests)))
        return manifests

    def _claim(self, request: ExportRequest) -> Held:
        source = request.source
        held = self._ledger.claim(request.name, source.identity, source.label, request.forms, retry=request.retry)
        finished = set(request.forms) <= set(held.record.versions)
        if finished and not all(map(self._visible(request.name), held.record.versions.values())):
            self._ledger.reopen(held)
            held = self._ledger.claim(request.name, source.identity, source.label, request.forms)
        return held

    def _visible(self, name: str) -> Callable[[str], bool]:
        def visible(version: str) -> bool:
            try:
                read_manifest(self._store, self._bucket, name, version)
            except VersionMissing:
                return False
            return True

        return visible

    def _carry_out(self, request: ExportRequest, beat: LeaseRenewal, report: Report) -> None:
        try:
            with tempfile.TemporaryDirectory(dir=self._work, prefix="carabin-export-") as scratch:
                work = _Work(request, beat, report, Path(scratch))
                if isinstance(request.source, Ct2Folder):
                    self._import(work, request.source)
                else:
                    self._convert(work)
        except PERMANENT as error:
            beat.finish("failed", error.reason)
            # Our scratch folder's name would mean nothing to anybody.
            raise type(error)(Path(request.source.label), error.reason) from error
        except ExportCancelled as error:
            # Stopped by its own process it is free for the next exporter; stopped by request it stays stopped.
            beat.finish("cancelled" if beat.cancelled_on_request else "interrupted", str(error))
            raise
        except LeaseLost:
            raise
        except BaseException as error:
            with suppress(CarabinError):
                beat.finish("interrupted", str(error) or type(error).__name__)
            raise
        beat.finish("done")

    def _convert(self, work: _Work) -> None:
        source, forms = work.request.source, work.beat.record.missing
        work.enter("fetch", source.label)
        checkpoint = source.fetch(work.scratch / "checkpoint")
        samples = work.request.samples or load_samples(checkpoint)
        if is_adapter(checkpoint):
            work.enter("merge", source.label)
            checkpoint = merge_adapter(checkpoint, work.scratch / "merged")
        work.enter("convert", ", ".join(forms))
        folders = {form: work.scratch / form for form in forms}
        facts = convert_all(checkpoint, folders, work.beat.check)
        self._prove_all(work, [ConvertedForm(form, folders[form], facts) for form in forms], samples, checkpoint)

    def _import(self, work: _Work, source: Ct2Folder) -> None:
        work.enter("inspect", source.label)
        facts = inspect_ct2(source.folder)
        folder = copy_ct2(source.folder, work.scratch / "model")
        samples = work.request.samples or (shipped_sample(),)
        self._prove_all(work, [ConvertedForm(AS_IT_IS, folder, facts)], samples, None)

    def _prove_all(
        self, work: _Work, candidates: Sequence[ConvertedForm], samples: Sequence[Sample], checkpoint: Path | None
    ) -> None:
        """Publish each form as soon as it is proven; one that is refused keeps no other from being published."""
        proof = Validator(samples, work.request.language, checkpoint, work.request.source.background().window)
        refused: list[ConversionRefused] = []
        for candidate in candidates:
            work.enter("prove", candidate.form)
            try:
                proven = proof.of(candidate, work.beat.check)
            except ConversionRefused as error:
                refused.append(ConversionRefused(candidate.folder, f"{candidate.form}: {error.reason}"))
                continue
            work.enter("publish", candidate.form)
            self._publish(work, candidate, proven)
        if refused:
            raise refused[0]

    def _publish(self, work: _Work, candidate: ConvertedForm, validated: Validated) -> None:
        record = work.beat.record
        manifest = publish(
            self._store, self._bucket, work.request.name, candidate.folder, record.created_at, validated,
            work.request.source.background(), sign=self._sign,
        )  # fmt: skip
        work.beat.note(versions={**work.beat.record.versions, candidate.form: manifest.version})
