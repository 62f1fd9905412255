"""What a lexicon spoils: 500 everyday and 500 medical sentences, which must stay right where they were right.

    python bench/lexicon_harm.py                              # the embedded Whisper base
    python bench/lexicon_harm.py --model FOLDER --only        # another CTranslate2 folder, such as one you trained
    python bench/lexicon_harm.py --sentences 20               # of each kind
    python bench/lexicon_harm.py --kinds everyday             # one kind only
    python bench/lexicon_harm.py --model FOLDER --only --keep libs/lexicon/tests/data/harm.jsonl

Sentences: the corpus and `bench/harm`. Everyday ones are decoded with 50,000 entries, medical ones with 10,000
that hold none of their terms, and with those and their terms. `--keep` writes every decode, for the test that holds the
merge's rules to them (libs/lexicon/tests/test_harm.py).
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import jiwer
from carabin.lexicon.entries import fold
from carabin.lexicon.spans import MAX_SPAN
from carabin.lexicon.words import split_words
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.text.corpus import sentences_of
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.inference.engine import Hypothesis, MergedText
from carabin.transcriber.models.lexicons import LoadedLexicon
from carabin.transcriber.models.prompt import build_prompt
from carabin.transcriber.models.second_pass import LexiconPass
from lexicon_sentences import entries_beside, is_right, plain_text, speak, terms_of
from rows import table

SENTENCES: Final = 500
HARM: Final = Path(__file__).parent / "harm"
KINDS: Final = ("everyday", "medical")
SIZES: Final = {"everyday": 50_000, "medical": 10_000, "medical, terms known": 10_000}


@dataclass(frozen=True, slots=True)
class Decode:
    """One sentence with one lexicon."""

    lexicon: str
    said: str
    first: str
    candidates: tuple[tuple[str, str], ...]
    """Text and kind."""
    known: tuple[str, ...]
    """Phrases of the first text that are entries, folded."""
    second: str | None
    """None where the lexicon could change nothing, so that there was no second decode."""
    written: str

    @property
    def was_right(self) -> bool:
        return is_right(self.said, self.first)

    @property
    def is_spoiled(self) -> bool:
        return self.was_right and not is_right(self.said, self.written)

    @property
    def is_worse(self) -> bool:
        said = plain_text(self.said)
        return _errors(said, self.written) > _errors(said, self.first)


class _NotedPass(LexiconPass):
    """Keeps what the second decode wrote."""

    second: str | None = None

    def merged(self, first: Hypothesis, second: Hypothesis | None) -> MergedText:
        self.second = second.text if second else None
        return super().merged(first, second)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, action="append", help="CTranslate2 folder beside the embedded base")
    parser.add_argument("--only", action="store_true", help="leave the embedded base out")
    parser.add_argument("--sentences", type=int, default=SENTENCES, help="of each kind")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--keep", type=Path, help="write the last model's decodes here, one JSON object a line")
    arguments = parser.parse_args()
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="carabin-bench-") as scratch:
        folders = [] if arguments.only else [install_base_model(Path(scratch) / "base")]
        for folder in [*folders, *(arguments.model or ())]:
            decodes = list(_of_model(folder, arguments.sentences, arguments.kinds))
            rows += _rows(folder.name, decodes)
            if arguments.keep:
                _keep(decodes, arguments.keep)
    heads = ("model", "lexicon", "sentences", "right", "decoded twice", "spoiled", "with more errors", "WER", "with it")
    sys.stdout.write(table(heads, rows))


def sentences(kind: str, count: int = SENTENCES) -> list[str]:
    """Return the first sentences of `everyday` or `medical`: ours beside the corpus first, then the corpus."""
    corpus = sentences_of({"everyday": "general", "medical": "medical"}[kind])
    return list(dict.fromkeys([*sentences_of(str(HARM / f"{kind}.txt")), *corpus]))[:count]


def _of_model(folder: Path, count: int, kinds: Sequence[str]) -> Iterator[Decode]:
    engine = Ct2Engine(folder, replicas=1)
    terms = {term for text in sentences("medical", count) for term in terms_of(text)}
    lexicons = {
        name: LoadedLexicon(entries_beside(size, sorted(terms) if "known" in name else (), terms), {})
        for name, size in SIZES.items()
        if name.startswith(tuple(kinds))
    }
    for kind in kinds:
        matching = {name: lexicon for name, lexicon in lexicons.items() if name.startswith(kind)}
        for place, text in enumerate(sentences(kind, count)):
            if place % 50 == 0:
                sys.stderr.write(f"{folder.name}: {kind} {place}\n")
            yield from _decodes(engine, text, matching)
    engine.close()


def _decodes(engine: Ct2Engine, text: str, lexicons: Mapping[str, LoadedLexicon]) -> Iterator[Decode]:
    spoken = speak(engine, text)
    for name, lexicon in lexicons.items():
        noted = _NotedPass((lexicon,), lambda words: build_prompt(engine, words, None).tokens)
        request = replace(spoken.request, second_pass=noted)
        found = engine._decode_again(lambda: spoken.encoded, request, spoken.plain)
        yield Decode(
            lexicon=name,
            said=text,
            first=spoken.plain.text,
            candidates=tuple((entry.text, entry.kind) for entry in noted.candidates(spoken.plain)),
            known=tuple(sorted(_known(spoken.plain.text, lexicon))),
            second=noted.second,
            written=found.text,
        )


def _known(text: str, lexicon: LoadedLexicon) -> set[str]:
    words = [word.text for word in split_words(text)]
    spans = (
        fold(" ".join(words[start : start + length]))
        for start in range(len(words))
        for length in range(1, MAX_SPAN + 1)
    )
    return {span for span in spans if span in lexicon.known}


def _rows(model: str, decodes: Sequence[Decode]) -> Iterator[list[str]]:
    for name, size in SIZES.items():
        those = [decode for decode in decodes if decode.lexicon == name]
        if not those:
            continue
        said = [plain_text(decode.said) for decode in those]
        yield [
            model,
            f"{name}: {size:,}",
            str(len(those)),
            str(sum(decode.was_right for decode in those)),
            str(sum(decode.second is not None for decode in those)),
            str(sum(decode.is_spoiled for decode in those)),
            str(sum(decode.is_worse for decode in those)),
            f"{100 * jiwer.wer(said, [plain_text(decode.first) for decode in those]):.1f} %",
            f"{100 * jiwer.wer(said, [plain_text(decode.written) for decode in those]):.1f} %",
        ]


def _errors(said: str, written: str) -> int:
    found: Any = jiwer.process_words(said, plain_text(written) or " ")
    return int(found.substitutions + found.deletions + found.insertions)


def _keep(decodes: Sequence[Decode], file: Path) -> None:
    lines = (
        {"lexicon": one.lexicon, "said": one.said, "first": one.first, "second": one.second}
        | {"candidates": one.candidates, "known": one.known}
        for one in decodes
    )
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()
