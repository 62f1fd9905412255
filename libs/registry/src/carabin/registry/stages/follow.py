"""The Decision, read again and again at the cost of what changed: three requests where nothing did.

What was promoted or staged with our commands stands in the two logs: each poll asks what came after the record that was
last seen, and reads the tags of the versions named there and of the one in production. A tag that was set by hand, with
any S3 tool, stands in no log: a scan of all tags finds it, at once where the store has notifications, else after
`scan_s`. Either way `resolve` decides over the same mapping.
"""

import time
from collections.abc import Callable
from dataclasses import replace

from ..errors import ManifestInvalid, ObjectMissing
from ..layout import manifest_key
from ..store import ObjectStore
from .log import read_stage
from .log_end import NumberedLog
from .promotions import read_promotion
from .read import read_tags
from .resolve import Decision, LogHead, resolve

SCAN_EVERY: int = 3
"""Polls between two scans of a small registry."""
SCAN_S_PER_VERSION = 0.1
"""A scan is a request for each version: of many, scans are so far apart that they are ten requests a second."""
SETTLE_POLLS = 3
"""A record is written before its tags: how often the tags of what it names are read again."""


class DecisionReader:
    """Reads one model's Decision; not for several threads.

    Args:
        interval_s: how often `read` is called, about.
        now: a clock that never goes back, in seconds.
    """

    def __init__(
        self, store: ObjectStore, bucket: str, name: str, interval_s: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._bucket, self._name = store, bucket, name
        self._interval_s, self._now = interval_s, now
        self._promotions = NumberedLog(store, bucket, name)
        self._stages = NumberedLog(store, bucket, name, stages=True)
        self._tags: dict[str, dict[str, str]] = {}
        self._numbers = (0, 0)
        self._head: LogHead | None = None
        self._unreadable = ""
        self._unsettled: dict[str, int] = {}
        self._scanned_at: float | None = None

    @property
    def scan_s(self) -> float:
        """Seconds between two scans of all tags."""
        return max(SCAN_EVERY * self._interval_s, SCAN_S_PER_VERSION * len(self._tags))

    def read(self, *, scan: bool = False) -> Decision:
        """Return the Decision as the store has it.

        Args:
            scan: read all tags now, whatever the time of the last scan.

        Raises:
            StoreError: the store does not answer; what was read before is kept.
        """
        if scan or self._scanned_at is None or self._now() - self._scanned_at >= self.scan_s:
            self._scan()
        else:
            self._advance()
        decision = resolve(self._tags, self._head)
        if decision.pending:
            self._unsettled[decision.pending] = SETTLE_POLLS
        return replace(decision, problems=(*decision.problems, self._unreadable)) if self._unreadable else decision

    def _scan(self) -> None:
        # The logs first: what is promoted while we scan is found by the next poll.
        numbers = self._promotions.last_number(), self._stages.last_number()
        if numbers[0] != self._numbers[0]:
            self._take_head(numbers[0])
        self._tags = read_tags(self._store, self._bucket, self._name)
        self._numbers, self._scanned_at = numbers, self._now()

    def _advance(self) -> None:
        promotions = self._promotions.numbers_from(self._numbers[0] + 1)
        stages = self._stages.numbers_from(self._numbers[1] + 1)
        named: set[str] = set()
        for number in promotions:
            named |= self._take_head(number)
        for number in stages:
            try:
                staged = read_stage(self._store, self._bucket, self._name, number)
            except ManifestInvalid:
                continue
            named |= {staged.version, *staged.displaced}
        self._unsettled |= dict.fromkeys(named, SETTLE_POLLS)
        serving = resolve(self._tags, self._head).version
        for version in {*self._unsettled, *([serving] if serving else [])}:
            self._read_tags_of(version)
        self._unsettled = {version: left - 1 for version, left in self._unsettled.items() if left > 1}
        self._numbers = (promotions or [self._numbers[0]])[-1], (stages or [self._numbers[1]])[-1]

    def _take_head(self, number: int) -> set[str]:
        """Make a promotion the newest known, and return the versions that it names."""
        if not number:
            self._head, self._unreadable = None, ""
            return set()
        try:
            record = read_promotion(self._store, self._bucket, self._name, number)
        except ManifestInvalid as error:
            # The tags are what serves: a record of a later release, or a spoiled one, must not stop that.
            self._head, self._unreadable = None, f"the newest promotion cannot be read: {error}"
            return set()
        self._head, self._unreadable = LogHead(record.number, record.version), ""
        return {version for version in (record.version, record.previous) if version}

    def _read_tags_of(self, version: str) -> None:
        try:
            self._tags[version] = self._store.get_tags(self._bucket, manifest_key(self._name, version))
        except ObjectMissing:
            self._tags.pop(version, None)
