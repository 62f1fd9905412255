"""Auto-texts: plain files of one service each, with variables that the clinician fills in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import TranscriberError

MAX_BYTES = 64 * 1024
"""Larger than any report's boilerplate; a file beyond it is not an auto-text."""

_VARIABLE = re.compile(r"\{([^{}=\n]{1,60})(?:=([^{}\n]{0,200}))?\}")


class AutoTextInvalid(TranscriberError):
    """A file cannot be an auto-text; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class AutoTextVariable:
    """A place to fill in: `{côté=droit}`, or `{date}` without a default."""

    name: str
    default: str


@dataclass(frozen=True, slots=True)
class AutoText:
    """One text to insert."""

    name: str
    """What is said after « insérer », in lower case: the file's name without its ending, with spaces for « _ »."""
    service: str
    """The folder that it stands in: cardiologie, radiologie, …"""
    text: str

    @property
    def label(self) -> str:
        """How a list shows it."""
        return f"{self.service} : {self.name}" if self.service else self.name

    @property
    def variables(self) -> tuple[AutoTextVariable, ...]:
        """The variables in their order, each once."""
        found: dict[str, AutoTextVariable] = {}
        for match in _VARIABLE.finditer(self.text):
            found.setdefault(match[1].strip(), AutoTextVariable(match[1].strip(), match[2] or ""))
        return tuple(found.values())

    def filled(self, values: Mapping[str, str] | None = None) -> str:
        """Return the text with values, defaults, or « [name] » where neither is known."""
        chosen = values or {}

        def fill(match: re.Match[str]) -> str:
            name = match[1].strip()
            return chosen.get(name) or match[2] or f"[{name}]"

        return _VARIABLE.sub(fill, self.text)


def load_autotexts(folder: Path, services: Iterable[str] | None = None) -> dict[str, AutoText]:
    """Read `folder/<service>/<name>.txt`; texts of the folder itself belong to every service.

    Args:
        services: take these alone; None takes all. A service's own text wins over a common one of the same name.

    Raises:
        AutoTextInvalid: a file is too large, not UTF-8 or empty, or two services use one name.
    """
    wanted = None if services is None else set(services)
    if not folder.is_dir():
        raise AutoTextInvalid(f"the folder of auto-texts {folder} does not exist")
    found: dict[str, AutoText] = {}
    for path in sorted(folder.glob("*.txt")):
        found[_name(path)] = _read(path, "")
    for path in sorted(folder.glob("*/*.txt")):
        service = path.parent.name
        if wanted is not None and service not in wanted:
            continue
        other = found.get(_name(path))
        if other is not None and other.service:
            raise AutoTextInvalid(f"{path} and the service {other.service} both name {_name(path)!r}: rename one")
        found[_name(path)] = _read(path, service)
    return found


def _name(path: Path) -> str:
    return path.stem.replace("_", " ").casefold()


def _read(path: Path, service: str) -> AutoText:
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise AutoTextInvalid(f"{path} has {len(data)} bytes: an auto-text has at most {MAX_BYTES}")
    try:
        text = data.decode("utf-8-sig").strip("\r\n").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise AutoTextInvalid(f"{path} is not UTF-8: save it again as UTF-8") from error
    if not text.strip():
        raise AutoTextInvalid(f"{path} is empty")
    return AutoText(_name(path), service, text)
