"""French sentences of our own writing, to speak, to learn from and to measure with; see `medical.txt` for the form.

Labels are written as a report is: digits for measures and doses (« 5 mg », « 8,4 % », « 140/80 mmHg », « L4-L5 »),
words for small counts in prose (« trois fois par jour »). What a voice must say
instead is `synthesis.spoken_text.spoken`.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ...errors import DatasetInvalid


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as it must be transcribed, and the heading that it stands under."""

    text: str
    topic: str


def medical_sentences() -> list[Sentence]:
    """Return the report sentences of every specialty, in the file's order."""
    return _sentences("medical.txt")


def general_sentences() -> list[Sentence]:
    """Return everyday and administrative French: what must not be forgotten while medicine is learnt."""
    return _sentences("general.txt")


def term_lines() -> list[str]:
    """Return the medical terms whose recall is measured, one or a few words each."""
    return _lines("terms.txt")


def drug_lines() -> list[str]:
    """Return the names of medicines: recognising another one is a critical error."""
    return _lines("drugs.txt")


def sentences_of(corpus: str) -> list[str]:
    """Return the sentences of `medical`, `general` or a UTF-8 file with one a line (`#` for headings).

    Raises:
        DatasetInvalid: neither, or not UTF-8, or empty.
    """
    if corpus in ("medical", "general"):
        return [sentence.text for sentence in (medical_sentences() if corpus == "medical" else general_sentences())]
    try:
        sentences = read_lines(Path(corpus))
    except OSError as error:
        raise DatasetInvalid(f"{corpus}: neither medical, general nor a file of sentences: {error.strerror}") from error
    if not sentences:
        raise DatasetInvalid(f"{corpus}: it has no sentences")
    return list(dict.fromkeys(sentences))


def read_lines(file: Path) -> list[str]:
    """Return the lines of a UTF-8 file, with or without its mark, but empty ones and remarks (`#`).

    Raises:
        DatasetInvalid: it is not UTF-8.
        OSError: it cannot be read.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DatasetInvalid(f"{file}: it is not UTF-8 (byte {error.start}): save it as UTF-8") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _sentences(name: str) -> list[Sentence]:
    sentences, topic = [], ""
    for line in _lines(name):
        if line.startswith("#"):
            topic = line.lstrip("# ")
        else:
            sentences.append(Sentence(line, topic))
    return sentences


def _lines(name: str) -> list[str]:
    text = (files(__name__) / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip()]
