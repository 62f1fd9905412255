"""The text fields of an upload's form, in each of the spellings that OpenAI's clients use: pure."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Self

from starlette.datastructures import FormData

from ..wire.errors import BadFormField

KNOWN: Final = frozenset(
    {
        *("file", "model", "language", "prompt", "response_format", "stream", "temperature"),
        *("timestamp_granularities", "include", "chunking_strategy"),
        *("hotwords", "vocabularies", "task"),
    }
)
"""OpenAI's fields that are understood, with one value at least, and ours."""
_INDEX: Final = re.compile(r"\[[^\]]*\]$")
_FLAGS: Final = MappingProxyType({"true": True, "1": True, "false": False, "0": False})


class FormFields:
    """Values by the names of their fields, without brackets and quotes; empty ones are not there."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    @classmethod
    def of(cls, form: FormData) -> Self:
        """Read a form in which a list is `name[]`, `name[0]`, `name` repeated, or one literal such as `["a", "b"]`."""
        values: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in form.multi_items():
            if isinstance(value, str) and value.strip():
                values[_INDEX.sub("", name)].append(value.strip())
        return cls(values)

    def text(self, name: str) -> str | None:
        """Return a field's first value, or None where it is not there."""
        return next(iter(self._values.get(name, ())), None)

    def choice(self, name: str, known: Sequence[str]) -> str | None:
        """Return a field's value, or None where it is not there.

        Raises:
            BadFormField: it is none of those known.
        """
        value = self.text(name)
        if value is not None and value not in known:
            raise BadFormField(name, f"must be one of {', '.join(known)}")
        return value

    def choices(self, name: str, known: Sequence[str]) -> frozenset[str]:
        """Return all values of a list.

        Raises:
            BadFormField: one is none of those known.
        """
        found = [item for value in self._values.get(name, ()) for item in _items(value)]
        if not set(found) <= set(known):
            raise BadFormField(name, f"must be any of {', '.join(known)}")
        return frozenset(found)

    def flag(self, name: str) -> bool:
        """Return whether a field says yes.

        Raises:
            BadFormField: it says neither yes nor no.
        """
        value = (self.text(name) or "false").lower()
        if value not in _FLAGS:
            raise BadFormField(name, "must be true or false")
        return _FLAGS[value]

    def refuse_unsupported(self) -> None:
        """Refuse what would change the answer and is not done here.

        Raises:
            BadFormField: a field is not known, or its value is none of those that are supported.
        """
        for name in self._values:
            if name not in KNOWN:
                raise BadFormField(name[:40], "is not supported")
        for value in self._values.get("include", ()):
            for item in _items(value):
                raise BadFormField("include", f"cannot be {item[:40]!r}: word probabilities and logprobs are not sent")
        if (self.text("chunking_strategy") or "auto") != "auto":
            raise BadFormField("chunking_strategy", "must be auto: the service finds the pauses")
        if not _is_zero(self.text("temperature") or "0"):
            raise BadFormField("temperature", "must be 0: the text is searched for, not drawn at random")


def _items(value: str) -> list[str]:
    """Return the items of a list literal; a plain word is a list of itself."""
    return [item for part in value.strip("[]").split(",") if (item := part.strip(" \t\"'"))]


def _is_zero(value: str) -> bool:
    try:
        return float(value) == 0
    except ValueError:
        return False
