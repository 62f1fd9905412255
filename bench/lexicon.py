"""What a lexicon does for a model that was not trained on its words: errors, terms found, harm, time and memory.

    python bench/lexicon.py                     # the embedded Whisper base, 40 medical and 40 everyday sentences
    python bench/lexicon.py --model FOLDER      # another CTranslate2 folder, such as one you trained
    python bench/lexicon.py --sizes 0,1000      # entries beside the sentences' own terms
    python bench/lexicon.py --without-terms     # a lexicon without the sentences' own terms: is there harm?
    python bench/lexicon.py --json

Other entries come from the default lexicon (`pip install --no-deps edsnlp==0.23.0`), made longer by invented words
where it is too short. Sentences are spoken by a synthetic voice (SVOX Pico, fr-FR): compare the rows, not the figures.
"""

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import jiwer
import numpy as np
from carabin.lexicon.common import is_common
from carabin.lexicon.default import default_lexicon
from carabin.lexicon.entries import Entry, fold, joined
from carabin.lexicon.words import split_words
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.text.corpus import sentences_of
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis
from carabin.transcriber.models.lexicons import LoadedLexicon
from carabin.transcriber.models.prompt import build_prompt
from carabin.transcriber.models.second_pass import LexiconPass
from carabin.transcriber.streaming.decode_requests import FINAL_SILENCE_S
from py_nanotts import NanoTTS

_NEVER: Final = LexiconPass((LoadedLexicon(joined([Entry("zz")]), {}),), lambda _: ())
"""Asks for the beam's hypotheses and for no second decode."""
SYLLABLES: Final = "ba co di fu ga lé mi no pra ru si ta vo xi zan ol ine ose ite émie".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Row:
    """One lexicon on all sentences."""

    entries: int
    load_s: float
    memory_mb: float
    lookup_p95_ms: float
    wer: float
    """Percent, of the medical sentences."""
    terms: float
    """Percent of the medical sentences' terms that were written."""
    candidates_of_text: float
    """Percent of the terms missed without a lexicon that are among the candidates of the first text alone."""
    candidates: float
    """The same with the beam's other hypotheses, as in use."""
    everyday_wer: float
    harmed: int
    """Everyday sentences that were right and are no longer."""
    final_p50_s: float
    """Processor seconds of one core, from the audio to the text."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence, its audio's request, and what the first decode makes of it."""

    text: str
    request: DecodeRequest
    plain: Hypothesis
    plain_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, help="CTranslate2 folder; by default the embedded Whisper base")
    parser.add_argument("--sentences", type=int, default=40, help="of each kind")
    parser.add_argument("--sizes", default="0,100,1000,10000,50000", help="other entries beside the sentences' terms")
    parser.add_argument("--without-terms", action="store_true", help="leave the sentences' own terms out")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carabin-bench-") as scratch:
        engine = Ct2Engine(arguments.model or install_base_model(Path(scratch) / "base"), replicas=1)
        medical = [_speak(engine, text) for text in _spread(sentences_of("medical"), arguments.sentences)]
        everyday = [_speak(engine, text) for text in _spread(sentences_of("general"), arguments.sentences)]
        terms = sorted({word for spoken in medical for word in _terms(spoken.text)})
        rows = [_plain_row(medical, everyday)]
        for size in map(int, arguments.sizes.split(",")):
            entries = _entries(size, () if arguments.without_terms else terms, set(terms))
            if entries:
                rows.append(_measure(engine, entries, medical, everyday))
    sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=1) + "\n" if arguments.json else _text(rows))


def _spread(texts: Sequence[str], count: int) -> list[str]:
    fitting = [text for text in texts if 40 <= len(text) <= 110]
    return fitting[:: max(1, len(fitting) // count)][:count]


def _speak(engine: Ct2Engine, text: str) -> Spoken:
    samples = np.frombuffer(NanoTTS().speak(text, voice="fr-FR"), np.int16).astype(np.float32) / 32768
    window = engine.windows.window_for(len(samples) // 160)
    request = DecodeRequest(samples, window, "fr", beam_size=5, max_tokens=150, silence_s=FINAL_SILENCE_S)
    began = time.process_time()
    [plain], _ = engine.decode([request])
    plain_s = time.process_time() - began
    [found], _ = engine.decode([replace(request, second_pass=_NEVER)])
    return Spoken(text, request, replace(plain, alternatives=found.alternatives), plain_s)


def _terms(text: str) -> list[str]:
    return [word.key for word in split_words(text) if len(word.text) > 3 and not is_common(word.text)]


def _entries(size: int, terms: Sequence[str], excluded: set[str]) -> list[Entry]:
    """Return the terms, then other entries: the default lexicon's, then invented words."""
    others = [entry for entry in default_lexicon() if fold(entry.text) not in excluded]
    rng = random.Random(2026)
    rng.shuffle(others)
    while len(others) < size:
        others.append(Entry("".join(rng.choice(SYLLABLES) for _ in range(rng.randint(3, 6)))))
    return list(joined([*(Entry(term) for term in terms), *others[:size]]))


def _measure(engine: Ct2Engine, entries: list[Entry], medical: list[Spoken], everyday: list[Spoken]) -> Row:
    began = time.process_time()
    loaded = LoadedLexicon(joined(entries), {})
    load_s = time.process_time() - began
    second_pass = LexiconPass((loaded,), lambda texts: build_prompt(engine, texts, None).tokens)
    results, spans = _decode(engine, second_pass, medical)
    ordinary, _ = _decode(engine, second_pass, everyday)
    lookups, missed, found, found_of_text = [], 0, 0, 0
    for spoken in medical:
        asked: list[str] = []
        listing = LexiconPass((loaded,), _listing(asked))
        alone = replace(spoken.plain, alternatives=())
        listing.prompt(alone)
        of_text = {fold(text) for text in asked}
        asked.clear()
        began = time.process_time()
        listing.prompt(spoken.plain)
        lookups.append(1000 * (time.process_time() - began))
        lost = set(_terms(spoken.text)) - set(_keys(spoken.plain.text))
        missed, found = missed + len(lost), found + len(lost & {fold(text) for text in asked})
        found_of_text += len(lost & of_text)
    outcomes = [(each.text, each.plain.text, text) for each, text in zip(everyday, ordinary, strict=True)]
    return Row(
        entries=len(entries),
        load_s=round(load_s, 2),
        memory_mb=_memory_mb(entries),
        lookup_p95_ms=round(float(np.percentile(lookups, 95)), 1),
        wer=_wer(medical, results),
        terms=_recall(medical, results),
        candidates_of_text=round(100 * found_of_text / max(1, missed), 1),
        candidates=round(100 * found / max(1, missed), 1),
        everyday_wer=_wer(everyday, ordinary),
        harmed=sum(_is_right(one, two) and not _is_right(one, three) for one, two, three in outcomes),
        final_p50_s=round(statistics.median(spans), 2),
    )


def _listing(asked: list[str]) -> Callable[[Sequence[str]], tuple[int, ...]]:
    """Return a prompt that only notes which entries it is asked for."""

    def prompt(texts: Sequence[str]) -> tuple[int, ...]:
        asked.extend(texts)
        return ()

    return prompt


def _plain_row(medical: list[Spoken], everyday: list[Spoken]) -> Row:
    plain = [spoken.plain.text for spoken in medical]
    ordinary = [spoken.plain.text for spoken in everyday]
    span = statistics.median(spoken.plain_s for spoken in medical)
    wer, everyday_wer = _wer(medical, plain), _wer(everyday, ordinary)
    return Row(0, 0, 0, 0, wer, _recall(medical, plain), 0, 0, everyday_wer, 0, round(span, 2))


def _decode(engine: Ct2Engine, second_pass: LexiconPass, sentences: list[Spoken]) -> tuple[list[str], list[float]]:
    texts, spans = [], []
    for spoken in sentences:
        began = time.process_time()
        [hypothesis], _ = engine.decode([replace(spoken.request, second_pass=second_pass)])
        spans.append(time.process_time() - began)
        texts.append(hypothesis.text)
    return texts, spans


def _memory_mb(entries: list[Entry]) -> float:
    tracemalloc.start()
    loaded = LoadedLexicon(joined(entries), {})
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(size / 1e6, 1) if loaded else 0.0


def _wer(sentences: list[Spoken], texts: list[str]) -> float:
    return round(100 * jiwer.wer([_plain(spoken.text) for spoken in sentences], [_plain(text) for text in texts]), 1)


def _recall(sentences: list[Spoken], texts: list[str]) -> float:
    wanted = [(term, text) for spoken, text in zip(sentences, texts, strict=True) for term in _terms(spoken.text)]
    return round(100 * sum(term in _keys(text) for term, text in wanted) / max(1, len(wanted)), 1)


def _keys(text: str) -> list[str]:
    return [word.key for word in split_words(text)]


def _is_right(said: str, written: str) -> bool:
    return _plain(said) == _plain(written)


def _plain(text: str) -> str:
    return re.sub(r"[^\w]+", " ", text.casefold()).strip()


def _text(rows: list[Row]) -> str:
    columns = (
        ("entries", "{0.entries}"),
        ("WER", "{0.wer} %"),
        ("terms found", "{0.terms} %"),
        ("missed terms among the candidates of the text", "{0.candidates_of_text} %"),
        ("of the beam", "{0.candidates} %"),
        ("everyday WER", "{0.everyday_wer} %"),
        ("harmed", "{0.harmed}"),
        ("final p50, CPU", "{0.final_p50_s} s"),
        ("lookup p95", "{0.lookup_p95_ms} ms"),
        ("load", "{0.load_s} s"),
        ("memory", "{0.memory_mb} MB"),
    )
    lines = [[name for name, _ in columns], ["---"] * len(columns)]
    lines += [[shape.format(row) for _, shape in columns] for row in rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


if __name__ == "__main__":
    main()
