"""Reads one JSON object field by field, so that each mistake is named by its field."""

import json
from collections.abc import Mapping
from typing import Any

from ..wire.errors import BadField, BadMessage


def parse_object(text: str | bytes) -> Mapping[str, Any]:
    """Parse a JSON object.

    Raises:
        BadMessage: it is not JSON, or no object; the text is not repeated.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage("the first message is not JSON: send the configuration as one JSON object") from error
    if not isinstance(value, dict):
        raise BadMessage("the first message is JSON but no object: send the configuration as one JSON object")
    return value


class Fields:
    """Typed reading of an object; null counts as absent, what was never read is unknown.

    Every method raises BadField, naming the field, when the value has another type.
    """

    def __init__(self, values: Mapping[str, Any], prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix
        self._read: set[str] = set()

    def given(self, name: str) -> bool:
        """Say whether the field is there and not null."""
        return self._take(name) is not None

    def text(self, name: str, *, limit: int = 2000) -> str | None:
        value: str | None = self._typed(name, str, "a string")
        if value is not None and len(value) > limit:
            raise BadField(f"{self._prefix}{name} has {len(value)} characters: {limit} are allowed")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._typed(name, bool, "true or false")
        return default if value is None else value

    def whole(self, name: str, default: int) -> int:
        value = self.number(name)
        if value is None:
            return default
        if value != int(value):
            raise BadField(f"{self._prefix}{name} is {value}: a whole number is needed")
        return int(value)

    def number(self, name: str) -> float | None:
        value = self._take(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
            raise BadField(f"{self._prefix}{name} is of type {type(value).__name__}: a number is needed")
        return float(value)

    def names(self, name: str) -> tuple[str, ...]:
        """Read a list of strings, or one string with commas."""
        value = self._take(name)
        if value is None:
            return ()
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items) or len(items) > 200:
            raise BadField(f"{self._prefix}{name} must be a list of at most 200 strings")
        return tuple(item.strip() for item in items if item.strip())

    def has_items(self, name: str) -> bool:
        """Say whether the list is there and not empty."""
        return bool(self._typed(name, list, "a list"))

    def child(self, name: str) -> "Fields | None":
        value = self._typed(name, dict, "an object")
        return None if value is None else Fields(value, f"{self._prefix}{name}.")

    def unknown(self) -> tuple[str, ...]:
        """Return the names that nobody read, shortened, at most ten."""
        return tuple(sorted(str(name)[:40] for name in self._values if name not in self._read))[:10]

    def _take(self, name: str) -> Any:
        self._read.add(name)
        return self._values.get(name)

    def _typed(self, name: str, kind: type, wanted: str) -> Any:
        value = self._take(name)
        if value is not None and not isinstance(value, kind):
            raise BadField(f"{self._prefix}{name} is of type {type(value).__name__}: {wanted} is needed")
        return value
