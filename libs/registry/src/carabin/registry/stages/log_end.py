"""Where a numbered log ends, found without listing it from its beginning.

Each log has a note beside it, `head.json`, with a number that was its last one once. Listing starts there: one request
reads the note, one lists what came after. The note is a help and no truth: it is written after every fiftieth record,
without a condition and at best effort; one that is missing, unreadable or ahead of the log costs a whole listing.
"""

import json
from dataclasses import dataclass
from typing import Final

from ..errors import CarabinError, ObjectMissing
from ..layout import (
    promotion_key,
    promotions_hint_key,
    promotions_prefix,
    record_number,
    stage_key,
    stages_hint_key,
    stages_prefix,
)
from ..store import ObjectStore

NOTE_EVERY: Final = 50
"""Far below the thousand keys that one request lists, so that most changes write no note."""


@dataclass(frozen=True, slots=True)
class NumberedLog:
    """The keys of one log of one model."""

    store: ObjectStore
    bucket: str
    name: str
    stages: bool = False
    """Whether it is the log of stages, rather than that of promotions."""

    def key(self, number: int) -> str:
        """Return the key of a record."""
        return stage_key(self.name, number) if self.stages else promotion_key(self.name, number)

    def last_number(self) -> int:
        """Return the newest record's number, 0 where there is none."""
        noted = self._noted()
        numbers = self.numbers_from(noted) if noted else []
        if not noted or noted not in numbers:
            numbers = self.numbers_from(1)
        return numbers[-1] if numbers else 0

    def numbers_from(self, first: int) -> list[int]:
        """Return the numbers of the records from `first` on, in order: one request where they are few."""
        prefix = stages_prefix(self.name) if self.stages else promotions_prefix(self.name)
        after = self.key(first - 1) if first > 1 else ""
        return [
            record_number(key) for key in self.store.list(self.bucket, prefix, after) if record_number(key) >= first
        ]

    def note(self, number: int) -> None:
        """Write down that the log has reached `number`, for every fiftieth.

        A failure costs later readers a longer listing, nothing else.
        """
        if number % NOTE_EVERY:
            return
        try:
            self.store.put(self.bucket, self._hint_key(), json.dumps({"number": number}).encode())
        except CarabinError:
            return

    def _noted(self) -> int:
        try:
            noted = json.loads(self.store.get(self.bucket, self._hint_key()))["number"]
        except (ObjectMissing, ValueError, KeyError, TypeError):
            return 0
        return noted if isinstance(noted, int) and noted > 0 else 0

    def _hint_key(self) -> str:
        return stages_hint_key(self.name) if self.stages else promotions_hint_key(self.name)
