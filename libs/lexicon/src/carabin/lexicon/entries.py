"""The lexicon's file: one entry a line, columns separated by tabs, `#` begins a comment, UTF-8."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from .errors import LexiconInvalid

MAX_BYTES: Final = 32 * 1024 * 1024
"""Ten times a lexicon of 50,000 entries with spoken forms; a larger file is something else."""
MAX_ENTRIES: Final = 200_000
MAX_VOCABULARY_BYTES: Final = 64 * 1024
"""Of a lexicon whose words are expected from the first decode on: a prompt holds about a hundred."""
MAX_TEXT: Final = 80
"""Characters of one entry: a phrase, not a sentence."""
MAX_WORDS: Final = 6
KINDS: Final = ("drug", "disease", "anatomy", "act", "name", "abbreviation", "word")
_PLAIN: Final = re.compile(rf"[^\W\d_]{{2}}[\w '’-]{{0,{MAX_TEXT - 2}}}")
"""A phrase that begins with two letters and holds no sign but spaces, apostrophes and hyphens."""
HEADER: Final = "# text\tkind\tcount\tspoken forms, separated by |\n"


@dataclass(frozen=True, slots=True)
class Entry:
    """A word or phrase that the hospital writes."""

    text: str
    """As it must be written."""
    kind: str = "word"
    count: int = 0
    """How often the hospital's reports hold it; 0 where nobody counted."""
    spoken: tuple[str, ...] = ()
    """How it is said, in French spelling, where the text does not show it."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Entries, each text once, in the order of the file."""

    entries: tuple[Entry, ...]
    duplicates: int = 0
    """Lines that repeated an entry in another spelling or again; they were joined to the first."""
    refused: tuple[str, ...] = ()
    """Why each line that is no entry was left out; only of a lexicon that was read with `skip_refused`."""

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)


def fold(text: str) -> str:
    """Return the form under which two spellings are one entry: case and Unicode composition do not count."""
    return unicodedata.normalize("NFC", text).casefold().replace("’", "'")


def parse_lexicon(data: bytes, *, source: str = "the lexicon", skip_refused: bool = False) -> Lexicon:
    """Read a lexicon file; a plain list of words, one a line, is one too.

    Args:
        data: the file; what follows `#` in a line is a comment.
        source: how errors name it.
        skip_refused: leave lines that are no entry out, and say so in `refused`; an empty file is then no error.

    Raises:
        LexiconInvalid: it is no UTF-8, too large, empty, or a line is no entry; the error names the first such line.
    """
    if len(data) > MAX_BYTES:
        raise LexiconInvalid(f"{source} has {len(data):,} bytes, more than {MAX_BYTES:,}: it is no list of words")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise LexiconInvalid(f"{source}, line {line}: not UTF-8 text; save it as UTF-8") from error
    found: list[Entry] = []
    refused: list[str] = []
    for number, row in enumerate(text.split("\n"), 1):
        stripped = row.partition("#")[0].strip(" \r")
        if not stripped:
            continue
        try:
            found.append(_entry(stripped, f"{source}, line {number}"))
        except LexiconInvalid as error:
            if not skip_refused:
                raise
            refused.append(str(error))
        if len(found) > MAX_ENTRIES:
            raise LexiconInvalid(f"{source} has more than {MAX_ENTRIES:,} entries: keep the words that matter")
    if not found and not skip_refused:
        raise LexiconInvalid(f"{source} holds no entry: write one word or phrase a line")
    return replace(joined(found), refused=tuple(refused))


def joined(entries: Iterable[Entry]) -> Lexicon:
    """Return a lexicon in which each text stands once: counts added, spoken forms united, the first spelling kept."""
    by_text: dict[str, Entry] = {}
    duplicates = 0
    for entry in entries:
        key = fold(entry.text)
        known = by_text.get(key)
        if known is None:
            by_text[key] = entry
            continue
        duplicates += 1
        kind = known.kind if known.kind != "word" else entry.kind
        spoken = tuple(dict.fromkeys((*known.spoken, *entry.spoken)))
        by_text[key] = replace(known, kind=kind, count=known.count + entry.count, spoken=spoken)
    return Lexicon(tuple(by_text.values()), duplicates)


def format_lexicon(lexicon: Iterable[Entry]) -> bytes:
    """Return the file that `parse_lexicon` reads back as the same entries."""
    lines = [HEADER]
    for entry in lexicon:
        columns = [entry.text, entry.kind, str(entry.count) if entry.count else "", "|".join(entry.spoken)]
        lines.append("\t".join(columns).rstrip("\t") + "\n")
    return "".join(lines).encode()


def is_phrase(text: str) -> bool:
    """Say whether a text can be an entry or a spoken form."""
    try:
        _require_phrase(text, "")
    except LexiconInvalid:
        return False
    return not any(sign in text for sign in "\t|#")


def _entry(line: str, where: str) -> Entry:
    columns = [column.strip() for column in line.split("\t")]
    if len(columns) > 4:
        raise LexiconInvalid(f"{where}: {len(columns)} columns; at most text, kind, count and spoken forms")
    text, kind, count, spoken = (*columns, "", "", "")[:4]
    _require_phrase(text, where)
    if kind and kind not in KINDS:
        raise LexiconInvalid(f"{where}: the kind {kind!r} is none of {', '.join(KINDS)}")
    if count and not (count.isascii() and count.isdigit() and len(count) <= 12):
        raise LexiconInvalid(f"{where}: the count {count!r} is no whole number")
    forms = tuple(form.strip() for form in spoken.split("|") if form.strip())
    for form in forms:
        _require_phrase(form, where)
    return Entry(unicodedata.normalize("NFC", text), kind or "word", int(count or 0), forms)


def _require_phrase(text: str, where: str) -> None:
    if _PLAIN.fullmatch(text) and text.count(" ") < MAX_WORDS:
        return  # nearly every line; the rest says what is wrong with the others
    shown = text[:40]
    if any(unicodedata.category(char)[0] == "C" for char in text):
        raise LexiconInvalid(f"{where}: {shown!r} holds a control character")
    if "<|" in text or "|>" in text:
        raise LexiconInvalid(f"{where}: {shown!r} holds one of Whisper's special tokens")
    if sign := next((sign for sign in ";<>" if sign in text), ""):
        raise LexiconInvalid(f"{where}: {shown!r} holds {sign!r}: columns stand between tabs, words hold no markup")
    if len(text) > MAX_TEXT or len(text.split()) > MAX_WORDS:
        raise LexiconInvalid(f"{where}: {shown!r} is longer than {MAX_TEXT} characters or {MAX_WORDS} words")
    if sum(char.isalnum() for char in text) < 2 or not any(char.isalpha() for char in text):
        raise LexiconInvalid(f"{where}: {shown!r} is no word: it needs two letters or digits, one of them a letter")
