"""Names of files as people and systems write them: accents in one or two code points, other case, Windows paths."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from carabin.service.audio import HEADERLESS

IGNORED: Final = frozenset(
    {
        ".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "$recycle.bin", "@eadir", ".git",
        "system volume information", ".trashes", ".spotlight-v100", ".fseventsd", ".temporaryitems",
    }
)  # fmt: skip
"""What file managers, disks and shares leave behind; of folders, with all that is in them."""
_IGNORED_STARTS: Final = ("._", "~$", ".~lock.")
"""macOS companions, and what Word and LibreOffice write beside a document that is open."""
AUDIO_SUFFIXES: Final = frozenset(
    {
        *(".wav", ".wave", ".w64", ".rf64", ".bwf", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".flac"),
        *(".mp3", ".mp2", ".mpa", ".aac", ".latm", ".loas", ".ac3", ".eac3", ".ec3", ".dts"),
        *(".m4a", ".m4b", ".m4r", ".mp4", ".mov", ".3gp", ".3g2", ".3ga", ".ogg", ".oga", ".opus", ".spx"),
        *(".mka", ".mkv", ".webm", ".avi", ".flv", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".mxf", ".gxf"),
        *(".wma", ".asf", ".ra", ".rm", ".amr", ".awb", ".gsm", ".qcp", ".dss", ".oma", ".aa3", *HEADERLESS),
        *(".wv", ".tta", ".ape", ".tak", ".mpc", ".shn", ".sph", ".nist", ".voc"),
    }
)  # fmt: skip
"""Of the containers of `carabin.service.audio.CONTAINERS`."""
REPORT_SUFFIXES: Final = frozenset({".txt", ".rtf"})
NO_SOUND_SUFFIXES: Final = frozenset(
    {
        ".csv", ".tsv", ".xls", ".xlsx", ".ods", ".json", ".xml", ".html", ".htm", ".md", ".log", ".ini", ".db",
        ".jpg", ".jpeg", ".png", ".gif", ".dcm", ".zip", ".url", ".lnk",
    }
)  # fmt: skip
"""What lies beside recordings and is none. Whatever is not listed and cannot be decoded may be one: it is refused."""
LIKENESS: Final = 0.75
"""Names more alike than this are shown beside each other."""


def is_ignored(file: Path) -> bool:
    """Return whether a file is a system's or a program's own: macOS companions (`._name`) among them."""
    return any(part.startswith(_IGNORED_STARTS) or part.lower() in IGNORED for part in file.parts)


def walk(folder: Path, refuse: Callable[[Path, str], None]) -> list[Path]:
    """Return every file under `folder` but those that are ignored, in order.

    Links to folders elsewhere are followed, each folder once; links to a folder above, or to one that is met anyway,
    are not. What cannot be looked at (a closed folder, a link to nothing, a pipe) or is not named in UTF-8 is given to
    `refuse` with the reason.
    """
    root, seen, found = Path(os.path.realpath(folder)), set[str](), list[Path]()

    def closed(error: OSError) -> None:
        refuse(Path(error.filename), f"cannot be opened: {error.strerror}")

    for place, folders, files in os.walk(folder, onerror=closed, followlinks=True):
        here = Path(place)
        inner = [name for name in folders if not is_ignored(Path(name))]
        folders[:] = [name for name in inner if _is_met_once(here / name, root, seen)]
        for file in (here / name for name in files):
            if is_ignored(Path(file.name)):
                continue
            if (written := written_name(file)) != str(file):
                refuse(Path(written), "has a name in another encoding than UTF-8: rename it")
            elif file.is_file():
                found.append(file)
            else:
                refuse(
                    file, "is a link to nothing" if file.is_symlink() else "is no file: a pipe, a socket or a device"
                )
    return sorted(found)


def written_name(file: Path) -> str:
    """Return a path as text, with an escape for each byte that is no UTF-8, as in names of a code page of Windows."""
    return os.fsencode(file).decode("utf-8", "backslashreplace")


def _is_met_once(folder: Path, root: Path, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    if folder.is_symlink() and (root.is_relative_to(real) or Path(real).is_relative_to(root)):
        return False
    if real in seen:
        return False
    seen.add(real)
    return True


def name_key(name: str) -> str:
    """Return what two writings of one name share: NFC, case folded, `/` between folders."""
    return unicodedata.normalize("NFC", name.replace("\\", "/")).casefold()


def look_alike(name: str, others: Iterable[str]) -> str | None:
    """Return a sentence about the most similar of `others` with what differs, or None."""
    close = get_close_matches(name, list(others), n=1, cutoff=LIKENESS)
    return f"{close[0]} differs in {_difference(name, close[0])}" if close else None


def _difference(name: str, other: str) -> str:
    matcher = SequenceMatcher(None, name, other, autojunk=False)
    parts = [(name[a:b], other[c:d]) for kind, a, b, c, d in matcher.get_opcodes() if kind != "equal"]
    return ", ".join(f"{_shown(mine)} / {_shown(theirs)}" for mine, theirs in parts[:3])


def _shown(text: str) -> str:
    """Return characters as read, with the code points of those that look alike."""
    if not text:
        return "nothing"
    strange = any(not char.isascii() or char.isspace() for char in text)
    return f"{text!r}" + (f" ({' '.join(f'U+{ord(char):04X}' for char in text)})" if strange else "")


@dataclass(frozen=True, slots=True)
class PathMapping:
    """The start of another machine's paths, and what it is here."""

    there: str
    here: Path

    def apply(self, name: str) -> Path | None:
        """Return where `name` is here, or None where it does not start so."""
        parts, start = (text.replace("\\", "/").split("/") for text in (name, self.there.rstrip("/\\")))
        inside = len(parts) > len(start) and all(
            name_key(part) == name_key(its) for part, its in zip(parts, start, strict=False)
        )
        return self.here.joinpath(*(part for part in parts[len(start) :] if part)) if inside else None


def is_absolute(name: str) -> bool:
    """Return whether a path begins at a root: of Unix, of a Windows drive or of a share."""
    return PurePosixPath(name).is_absolute() or bool(PureWindowsPath(name).drive)


def is_file(path: Path) -> bool:
    """Return whether there is such a file; a name that the system does not take, such as a sentence, is none."""
    try:
        return path.is_file()
    except OSError:
        return False


class FileFinder:
    """Finds files under `folder` by names that may be written otherwise; each folder is listed once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listings: dict[Path, dict[str, list[Path]]] = {}

    def find(self, name: str) -> Path | None:
        """Return the one file that `name` means, relative to the folder; None where there is none or more than one."""
        exact = self._folder / name
        if is_file(exact):
            return exact
        found = [self._folder]
        for part in PurePosixPath(name.replace("\\", "/")).parts:
            found = [child for folder in found for child in self._children(folder, part)]
        files = [file for file in found if is_file(file)]
        return files[0] if len(files) == 1 else None

    def _children(self, folder: Path, part: str) -> Iterator[Path]:
        if part in (".", ".."):
            yield folder / part
            return
        if folder not in self._listings:
            listing: dict[str, list[Path]] = defaultdict(list)
            for child in folder.iterdir() if folder.is_dir() else ():
                listing[name_key(child.name)].append(child)
            self._listings[folder] = listing
        yield from self._listings[folder].get(name_key(part), ())
