"""What a lexicon does for models that were not trained on its words: errors, terms found, harm, time and memory.

    python bench/lexicon.py                     # the embedded Whisper base, 40 medical and 40 everyday sentences
    python bench/lexicon.py --model FOLDER      # another CTranslate2 folder, such as one you trained; may be repeated
    python bench/lexicon.py --sizes 0,1000      # entries beside the sentences' own terms
    python bench/lexicon.py --terms both        # lexicons with the sentences' own terms, and without: is there harm?
    python bench/lexicon.py --dataset FOLDER    # medical sentences out of its test split, which a model never saw
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
from typing import Any, Final

import jiwer
import numpy as np
from carabin.lexicon.common import is_common
from carabin.lexicon.default import default_lexicon
from carabin.lexicon.entries import Entry, fold, joined
from carabin.lexicon.words import split_words
from carabin.trainer.data.dictations import load_split
from carabin.trainer.evaluation.critical_errors import critical_errors
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.text.corpus import sentences_of
from carabin.trainer.text.normalize import normalize
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis
from carabin.transcriber.models.lexicons import LoadedLexicon
from carabin.transcriber.models.prompt import build_prompt
from carabin.transcriber.models.second_pass import LexiconPass
from carabin.transcriber.streaming.decode_requests import FINAL_SILENCE_S
from py_nanotts import NanoTTS
from rows import table

_NEVER: Final = LexiconPass((LoadedLexicon(joined([Entry("zz")]), {}),), lambda _: ())
"""Asks for the beam's hypotheses and for no second decode."""
SYLLABLES: Final = "ba co di fu ga lé mi no pra ru si ta vo xi zan ol ine ose ite émie".split()  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Row:
    """One lexicon on all sentences."""

    model: str
    entries: int
    with_terms: bool
    """Whether the sentences' own terms are among the entries."""
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
    critical: int
    """Numbers, sides, negations and drugs of the medical sentences that were lost, changed or made up."""
    spoiled: int
    """Medical sentences that were right and are no longer."""
    everyday_wer: float
    harmed: int
    """Everyday sentences that were right and are no longer."""
    final_p50_s: float
    """Processor seconds of one core, from the audio to the text, of a medical sentence."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence, its audio's request, and what the first decode makes of it."""

    text: str
    request: DecodeRequest
    encoded: Any
    """The encoder's output, which second decodes share as in use."""
    plain: Hypothesis
    plain_s: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, action="append", help="CTranslate2 folder beside the embedded base")
    parser.add_argument("--only", action="store_true", help="leave the embedded base out")
    parser.add_argument("--sentences", type=int, default=40, help="of each kind")
    parser.add_argument("--sizes", default="0,100,1000,10000,50000", help="other entries beside the sentences' terms")
    parser.add_argument("--terms", choices=("with", "without", "both"), default="with", help="the sentences' own")
    parser.add_argument("--dataset", type=Path, help="folder of a dataset, as the demo and `carabin train` keep it")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="carabin-bench-") as scratch:
        folders = [] if arguments.only else [install_base_model(Path(scratch) / "base")]
        for folder in [*folders, *(arguments.model or ())]:
            rows += _of_model(folder, arguments)
    sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=1) + "\n" if arguments.json else _text(rows))


def _of_model(folder: Path, arguments: argparse.Namespace) -> list[Row]:
    engine = Ct2Engine(folder, replicas=1)
    texts = sentences_of("medical")
    if arguments.dataset is not None:
        texts = sorted({dictation.sentence for dictation in load_split(arguments.dataset, "test")})
    medical = [_speak(engine, text) for text in _spread(texts, arguments.sentences)]
    everyday = [_speak(engine, text) for text in _spread(sentences_of("general"), arguments.sentences)]
    terms = sorted({word for spoken in medical for word in _terms(spoken.text)})
    rows = [_measure(engine, folder.name, [], medical, everyday, with_terms=False)]
    for with_terms in {"with": (True,), "without": (False,), "both": (True, False)}[arguments.terms]:
        for size in map(int, arguments.sizes.split(",")):
            entries = _entries(size, terms if with_terms else (), set(terms))
            if entries:
                rows.append(_measure(engine, folder.name, entries, medical, everyday, with_terms=with_terms))
    engine.close()
    return rows


def _spread(texts: Sequence[str], count: int) -> list[str]:
    fitting = [text for text in texts if 40 <= len(text) <= 110]
    return fitting[:: max(1, len(fitting) // count)][:count]


def _speak(engine: Ct2Engine, text: str) -> Spoken:
    samples = np.frombuffer(NanoTTS().speak(text, voice="fr-FR"), np.int16).astype(np.float32) / 32768
    window = engine.windows.window_for(len(samples) // 160)
    request = DecodeRequest(
        samples, window, "fr", beam_size=5, max_tokens=150, silence_s=FINAL_SILENCE_S, second_pass=_NEVER
    )
    began = time.process_time()
    encoded = engine._encode([request])
    [plain] = engine._generate([request], encoded, [("fr", 1.0)])
    return Spoken(text, request, encoded, plain, time.process_time() - began)


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


def _measure(
    engine: Ct2Engine,
    model: str,
    entries: list[Entry],
    medical: list[Spoken],
    everyday: list[Spoken],
    *,
    with_terms: bool,
) -> Row:
    began = time.process_time()
    loaded = LoadedLexicon(joined(entries), {})
    load_s = time.process_time() - began if entries else 0.0
    results, spans = _decode(engine, loaded, medical)
    ordinary, _ = _decode(engine, loaded, everyday)
    lookups, missed, found, found_of_text = [], 0, 0, 0
    for spoken in medical:
        listed: list[str] = []
        listing = LexiconPass((loaded,), _listing(listed))
        listing.prompt(replace(spoken.plain, alternatives=()))
        of_text = {fold(text) for text in listed}
        listed.clear()
        began = time.process_time()
        listing.prompt(spoken.plain)
        lookups.append(1000 * (time.process_time() - began))
        lost = set(_terms(spoken.text)) - set(_keys(spoken.plain.text))
        missed, found = missed + len(lost), found + len(lost & {fold(text) for text in listed})
        found_of_text += len(lost & of_text)
    return Row(
        model=model,
        entries=len(entries),
        with_terms=with_terms,
        load_s=round(load_s, 2),
        memory_mb=_memory_mb(entries) if entries else 0.0,
        lookup_p95_ms=round(float(np.percentile(lookups, 95)), 1) if entries else 0.0,
        wer=_wer(medical, results),
        terms=_recall(medical, results),
        candidates_of_text=round(100 * found_of_text / max(1, missed), 1),
        candidates=round(100 * found / max(1, missed), 1),
        critical=sum(_critical(spoken.text, text) for spoken, text in zip(medical, results, strict=True)),
        spoiled=_spoiled(medical, results),
        everyday_wer=_wer(everyday, ordinary),
        harmed=_spoiled(everyday, ordinary),
        final_p50_s=round(statistics.median(spans), 2),
    )


def _listing(listed: list[str]) -> Callable[[Sequence[str]], tuple[int, ...]]:
    """Return a prompt that only notes which entries it is given."""

    def prompt(texts: Sequence[str]) -> tuple[int, ...]:
        listed.extend(texts)
        return ()

    return prompt


def _decode(engine: Ct2Engine, loaded: LoadedLexicon, sentences: list[Spoken]) -> tuple[list[str], list[float]]:
    """Return each sentence's text with the lexicon, and what it takes; the first decode is done already."""
    texts, spans = [], []
    for spoken in sentences:
        second_pass = LexiconPass((loaded,), lambda words: build_prompt(engine, words, None).tokens)
        request = replace(spoken.request, second_pass=second_pass)
        began = time.process_time()
        hypothesis = engine._decode_again(lambda encoded=spoken.encoded: encoded, request, spoken.plain)
        spans.append(spoken.plain_s + time.process_time() - began)
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


def _critical(said: str, written: str) -> int:
    found = critical_errors(normalize(said).split(), normalize(written).split())
    return sum(counts.errors for counts in found.values())


def _spoiled(sentences: list[Spoken], texts: list[str]) -> int:
    """Return how many sentences were right without the lexicon and are not with it."""
    pairs = zip(sentences, texts, strict=True)
    return sum(_is_right(one.text, one.plain.text) and not _is_right(one.text, text) for one, text in pairs)


def _keys(text: str) -> list[str]:
    return [word.key for word in split_words(text)]


def _is_right(said: str, written: str) -> bool:
    return _plain(said) == _plain(written)


def _plain(text: str) -> str:
    return re.sub(r"[^\w]+", " ", text.casefold()).strip()


def _text(rows: list[Row]) -> str:
    columns = (
        ("model", "{0.model}"),
        ("entries", "{0.entries}"),
        ("the sentences' terms", "{1}"),
        ("WER", "{0.wer} %"),
        ("terms found", "{0.terms} %"),
        ("missed terms among the candidates of the text", "{0.candidates_of_text} %"),
        ("of the beam", "{0.candidates} %"),
        ("critical errors", "{0.critical}"),
        ("right sentences spoiled", "{0.spoiled}"),
        ("everyday WER", "{0.everyday_wer} %"),
        ("spoiled", "{0.harmed}"),
        ("final p50, CPU", "{0.final_p50_s} s"),
        ("lookup p95", "{0.lookup_p95_ms} ms"),
        ("load", "{0.load_s} s"),
        ("memory", "{0.memory_mb} MB"),
    )
    shown = [(row, "–" if not row.entries else "with" if row.with_terms else "without") for row in rows]
    return table([name for name, _ in columns], ([shape.format(*each) for _, shape in columns] for each in shown))


if __name__ == "__main__":
    main()
