"""Who exports what: one small object per checkpoint and model name, changed by compare-and-set alone.

A record lies beside the model's versions, `<name>/exports/<id>.json`, and outlives the export: a checkpoint that
failed stays marked with its reason.

Over 200 lines: each change of a record is one compare-and-set, and all obey the same states.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from carabin.registry.errors import ManifestInvalid, ObjectMissing, PreconditionFailed
from carabin.registry.layout import export_key, exports_prefix
from carabin.registry.store import ObjectStore
from pydantic import ValidationError

from ..errors import ExportBusy, ExportCancelled, ExportFailedBefore, ExportUnknown, LeaseLost
from .records import ExportRecord, Held, State, export_id

MAX_ATTEMPTS: Final = 3
"""A checkpoint at which exporters died or broke this often is taken to be what breaks them."""

Clock = Callable[[], datetime]


log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the time, aware of its zone."""
    return datetime.now(UTC)


def _dates(record: ExportRecord, wanted: tuple[str, ...], now: datetime) -> dict[str, datetime]:
    """Date what is asked for anew: a form that no request named before, and one whose export had failed or was stopped.

    A form that an exporter died at keeps its date, for that exporter may live and publish it: then both publish one.
    """
    ended = record.state in ("failed", "cancelled")
    anew = [form for form in wanted if form not in record.versions and (ended or form not in record.wanted)]
    return {**record.dates, **dict.fromkeys(anew, now)}


def _log_unreadable(error: ManifestInvalid) -> None:
    log.warning(str(error), extra={"event": "export_record_unreadable"})


class Ledger:
    """The export records of one models bucket.

    Args:
        owner: our name, in leases and in the errors of others.
        ttl: how long a lease lives without renewal, by the store's clock.
        now: dates forms, hence versions, and the end of a lease where people read it; no lease is judged by it.
    """

    def __init__(
        self,
        store: ObjectStore,
        bucket: str,
        owner: str,
        *,
        ttl: timedelta = timedelta(seconds=90),
        now: Clock = utc_now,
    ) -> None:
        self._store, self._bucket, self._owner, self._ttl, self._now = store, bucket, owner, ttl, now

    @property
    def renewal_s(self) -> float:
        """Seconds between renewals: three may be late before the lease is lost."""
        return self._ttl.total_seconds() / 4

    def claim(self, name: str, identity: str, checkpoint: str, wanted: tuple[str, ...], *, retry: bool = False) -> Held:
        """Take the lease, or return the finished record where every wanted form is there already.

        What others asked for and did not get is made along, except by a `retry`: a form that failed would fail again.

        Raises:
            ExportBusy: another exporter works on it.
            ExportFailedBefore: it is marked as failed or cancelled, and `retry` was not asked for.
        """
        number, now = export_id(name, identity), self._now()
        fresh = ExportRecord(
            id=number, name=name, checkpoint=checkpoint, created_at=now, wanted=wanted,
            dates=dict.fromkeys(wanted, now), owner=self._owner, **self._lease(),
        )  # fmt: skip
        try:
            self._store.create(self._bucket, export_key(name, number), fresh.model_dump_json().encode())
            return self.read(name, number)
        except PreconditionFailed:
            pass
        held = self.read(name, number)
        record = held.record
        every = tuple(dict.fromkeys((*(record.versions if retry else record.wanted), *wanted)))
        if record.state != "running" and set(wanted) <= set(record.versions):
            # The exporter that published the last form may have ended before it wrote "done".
            whole = record.state == "interrupted" and not record.missing
            return self._write(held, state="done", reason="") if whole else held
        self._refuse_unless_free(held, retry)
        died = record.state == "running"
        if died and record.attempts >= MAX_ATTEMPTS and not retry and not set(every) <= set(record.versions):
            reason = f"{record.attempts} attempts failed; the last exporter died at {record.stage or 'its start'}"
            self._write(held, state="failed", reason=reason)
            raise ExportFailedBefore(f"{checkpoint} as {name}: {reason}; `--retry` tries once more")
        return self._write(
            held, state="running", wanted=every, dates=_dates(record, wanted, now), owner=self._owner,
            **self._lease(), reason="", stage="", cancel_requested=False,
            attempts=record.attempts + 1 if record.state in ("running", "interrupted") and not retry else 1,
        )  # fmt: skip

    def renew(self, held: Held, **changes: Any) -> Held:
        """Extend the lease and record `changes`.

        Raises:
            ExportCancelled: somebody asked for the export to stop.
            LeaseLost: it is another's by now.
        """
        latest = held
        while True:
            if latest.record.owner != self._owner or latest.record.state != "running":
                raise LeaseLost(f"export {held.record.id}: {latest.record.owner} took it over")
            if latest.record.cancel_requested:
                raise ExportCancelled(f"export {held.record.id} of {held.record.checkpoint} was cancelled")
            try:
                return self._replace(latest, **self._lease(), **changes)
            except PreconditionFailed:
                latest = self.read(held.record.name, held.record.id)

    def finish(
        self, held: Held, state: State, reason: str = "", versions: dict[str, str] | None = None
    ) -> ExportRecord:
        """End our lease with an outcome; a cancel request that came too late is forgotten.

        Raises:
            LeaseLost: it is another's by now.
        """
        return self._end(
            held, lambda record: {"state": state, "reason": reason, "versions": {**record.versions, **(versions or {})}}
        )

    def interrupt(self, held: Held, reason: str, *, counts: bool) -> ExportRecord:
        """End our lease without an outcome: the export is free for the next attempt.

        Args:
            counts: whether the attempt counts against the checkpoint, which has failed at the last of MAX_ATTEMPTS.

        Raises:
            LeaseLost: it is another's by now.
        """

        def outcome(record: ExportRecord) -> dict[str, Any]:
            if counts and record.attempts >= MAX_ATTEMPTS:
                return {"state": "failed", "reason": f"{record.attempts} attempts failed, the last one with: {reason}"}
            return {"state": "interrupted", "reason": reason, "attempts": record.attempts - (not counts)}

        return self._end(held, outcome)

    def _end(self, held: Held, outcome: Callable[[ExportRecord], dict[str, Any]]) -> ExportRecord:
        latest = held
        while True:
            if latest.record.owner != self._owner or latest.record.state != "running":
                raise LeaseLost(f"export {held.record.id}: {latest.record.owner} took it over")
            try:
                changes = outcome(latest.record)
                return self._replace(latest, expires_at=self._now(), cancel_requested=False, **changes).record
            except PreconditionFailed:
                latest = self.read(held.record.name, held.record.id)

    def reopen(self, held: Held, versions: dict[str, str]) -> Held:
        """Make a finished export due again, because its versions were pruned since, but for `versions`.

        The others are asked for anew, and dated so: as old as they were, they would be pruned at once.
        """
        return self._write(
            held, state="interrupted", versions=versions, wanted=tuple(versions), attempts=0,
            reason="its versions were pruned",
        )  # fmt: skip

    def request_cancel(self, name: str, number: str) -> ExportRecord:
        """Ask whoever holds it to stop, or mark it cancelled where nobody does; a finished export stays as it is."""
        while True:
            held = self.read(name, number)
            record = held.record
            if record.state in ("done", "failed", "cancelled"):
                return record
            changes: dict[str, Any] = {"cancel_requested": True} if held.leased else {"state": "cancelled"}
            try:
                return self._replace(held, **changes).record
            except PreconditionFailed:
                continue

    def read(self, name: str, number: str) -> Held:
        """Return one record.

        Raises:
            ExportUnknown: there is none.
        """
        key = export_key(name, number)
        try:
            # The etag first: if the object changes in between, our next write loses, as it must.
            info = self._store.stat(self._bucket, key)
            data = self._store.get(self._bucket, key)
        except ObjectMissing as error:
            raise ExportUnknown(f"{name} has no export {number}") from error
        try:
            return Held(ExportRecord.model_validate_json(data), info)
        except ValidationError as error:
            where = self._store.where(self._bucket, key)
            raise ManifestInvalid(
                f"{where}: {error.errors()[0]['msg']}; delete this object to export its checkpoint again"
            ) from error

    def find(self, name: str, number: str) -> Held | None:
        """Return one record, or None where there is none."""
        try:
            return self.read(name, number)
        except ExportUnknown:
            return None

    def list(self, name: str, skipped: Callable[[ManifestInvalid], None] | None = None) -> Sequence[ExportRecord]:
        """Return every export under `name` that can be read, oldest first.

        Args:
            skipped: called with the error of each record that cannot be read; None logs it.
        """
        prefix = exports_prefix(name)
        records = []
        for key in self._store.list(self._bucket, prefix):
            try:
                records.append(self.read(name, key.removeprefix(prefix).removesuffix(".json")).record)
            except ExportUnknown:
                continue  # deleted since the listing
            except ManifestInvalid as error:
                (skipped or _log_unreadable)(error)
        return sorted(records, key=lambda record: record.created_at)

    def _lease(self) -> dict[str, Any]:
        return {"expires_at": self._now() + self._ttl, "lease_s": self._ttl.total_seconds()}

    def _refuse_unless_free(self, held: Held, retry: bool) -> None:
        record = held.record
        what = f"{record.checkpoint} as {record.name}"
        if record.state in ("failed", "cancelled") and not retry:
            raise ExportFailedBefore(
                f"{what}: {record.state} before: {record.reason or 'asked to stop'}; `--retry` tries again"
            )
        if held.leased:
            raise ExportBusy(f"{what}: {record.owner} is at it; its lease runs until {record.expires_at:%H:%M:%S} UTC")

    def _write(self, held: Held, **changes: Any) -> Held:
        try:
            return self._replace(held, **changes)
        except PreconditionFailed as error:
            raise ExportBusy(
                f"{held.record.checkpoint} as {held.record.name}: another exporter just took it"
            ) from error

    def _replace(self, held: Held, **changes: Any) -> Held:
        record = held.record.model_copy(update=changes)
        key = export_key(record.name, record.id)
        data = record.model_dump_json().encode()
        self._store.replace(self._bucket, key, data, held.info.etag)
        return self.read(record.name, record.id)
