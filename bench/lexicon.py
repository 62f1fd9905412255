"""What a lexicon does for models that were not trained on its words: errors, terms found, harm, time and memory.

    python bench/lexicon.py                     # the embedded Whisper base, 40 medical and 40 everyday sentences
    python bench/lexicon.py --model FOLDER      # another CTranslate2 folder, such as one you trained; may be repeated
    python bench/lexicon.py --sizes 0,1000      # entries beside the sentences' own terms
    python bench/lexicon.py --terms both        # lexicons with the sentences' own terms, and without: is there harm?
    python bench/lexicon.py --dataset FOLDER    # medical sentences out of its test split, which a model never saw
    python bench/lexicon.py --dataset FOLDER --unseen --model A --model B --only --sizes 0,10000
                                                # its sentences with terms that its training split lacks: what two
                                                # trainings are worth, such as one with prompt_share and one without
    python bench/lexicon.py --json

Other entries come from the default lexicon (`pip install --no-deps edsnlp==0.23.0`), made longer by invented words
where it is too short. Sentences are spoken by a synthetic voice (SVOX Pico, fr-FR): compare the rows, not the figures.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import tracemalloc
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import jiwer
import numpy as np
from carabin.lexicon.entries import Entry, fold, joined
from carabin.lexicon.phonetics import phonetic_key
from carabin.trainer.data.dictations import load_split
from carabin.trainer.evaluation.critical_errors import critical_errors
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.text.corpus import sentences_of
from carabin.trainer.text.normalize import normalize
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.models.lexicons import LoadedLexicon
from carabin.transcriber.models.prompt import build_prompt
from carabin.transcriber.models.second_pass import LexiconPass
from lexicon_sentences import Spoken, entries_beside, is_right, keys, plain_text, speak, spread, terms_of
from rows import table


@dataclass(frozen=True, slots=True)
class Row:
    """One lexicon on all sentences."""

    model: str
    entries: int
    with_terms: bool
    """Whether the sentences' own terms are among the entries."""
    load_s: float
    memory_mb: float
    lookup_p50_ms: float
    """Processor time of one final's lookup of all hypotheses, with the question whether a second decode is of use."""
    lookup_p95_ms: float
    wer: float
    """Percent, of the medical sentences."""
    terms: float
    """Percent of the medical sentences' terms that were written."""
    unseen: float
    """The same of those terms that no sentence of the dataset's training split holds."""
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", type=Path, action="append", help="CTranslate2 folder beside the embedded base")
    parser.add_argument("--only", action="store_true", help="leave the embedded base out")
    parser.add_argument("--sentences", type=int, default=40, help="of each kind")
    parser.add_argument("--sizes", default="0,100,1000,10000,50000", help="other entries beside the sentences' terms")
    parser.add_argument("--terms", choices=("with", "without", "both"), default="with", help="the sentences' own")
    parser.add_argument("--dataset", type=Path, help="folder of a dataset, as the demo and `carabin train` keep it")
    parser.add_argument("--unseen", action="store_true", help="only sentences with terms its training split lacks")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.unseen and arguments.dataset is None:
        parser.error("--unseen is about a --dataset: name its folder")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="carabin-bench-") as scratch:
        folders = [] if arguments.only else [install_base_model(Path(scratch) / "base")]
        for folder in [*folders, *(arguments.model or ())]:
            rows += _of_model(folder, arguments)
    sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=1) + "\n" if arguments.json else _text(rows))


def _of_model(folder: Path, arguments: argparse.Namespace) -> list[Row]:
    engine = Ct2Engine(folder, replicas=1)
    texts, trained = sentences_of("medical"), frozenset[str]()
    if arguments.dataset is not None:
        texts = sorted({dictation.sentence for dictation in load_split(arguments.dataset, "test")})
        training = {dictation.sentence for dictation in load_split(arguments.dataset, "train")}
        trained = frozenset(term for text in training for term in terms_of(text))
    if arguments.unseen:
        texts = [text for text in texts if not trained.issuperset(terms_of(text))]
    medical = [speak(engine, text) for text in spread(texts, arguments.sentences)]
    everyday = [speak(engine, text) for text in spread(sentences_of("general"), arguments.sentences)]
    terms = sorted({word for spoken in medical for word in terms_of(spoken.text)})
    rows = [_measure(engine, folder.name, [], medical, everyday, trained, with_terms=False)]
    for with_terms in {"with": (True,), "without": (False,), "both": (True, False)}[arguments.terms]:
        for size in map(int, arguments.sizes.split(",")):
            entries = list(entries_beside(size, terms if with_terms else (), set(terms)))
            if entries:
                rows.append(_measure(engine, folder.name, entries, medical, everyday, trained, with_terms=with_terms))
    engine.close()
    return rows


def _measure(
    engine: Ct2Engine,
    model: str,
    entries: list[Entry],
    medical: list[Spoken],
    everyday: list[Spoken],
    trained: frozenset[str],
    *,
    with_terms: bool,
) -> Row:
    began = time.process_time()
    loaded = LoadedLexicon(joined(entries), {})
    load_s = time.process_time() - began if entries else 0.0
    results, spans = _decode(engine, loaded, medical)
    ordinary, _ = _decode(engine, loaded, everyday)
    lookups, missed, found, found_of_text = [], 0, 0, 0
    phonetic_key.cache_clear()  # the decodes above have filled it with these very words
    for spoken in medical:
        looking = LexiconPass((loaded,), lambda _: ())
        began = time.process_time()
        looking.prompt(spoken.plain)
        lookups.append(1000 * (time.process_time() - began))
        of_beam = {fold(entry.text) for entry in looking.candidates(spoken.plain)}
        of_text = {fold(entry.text) for entry in looking.candidates(replace(spoken.plain, alternatives=()))}
        lost = set(terms_of(spoken.text)) - set(keys(spoken.plain.text))
        missed, found = missed + len(lost), found + len(lost & of_beam)
        found_of_text += len(lost & of_text)
    return Row(
        model=model,
        entries=len(entries),
        with_terms=with_terms,
        load_s=round(load_s, 2),
        memory_mb=_memory_mb(entries) if entries else 0.0,
        lookup_p50_ms=round(statistics.median(lookups), 1) if entries else 0.0,
        lookup_p95_ms=round(float(np.percentile(lookups, 95)), 1) if entries else 0.0,
        wer=_wer(medical, results),
        terms=_recall(medical, results),
        unseen=_recall(medical, results, trained),
        candidates_of_text=round(100 * found_of_text / max(1, missed), 1),
        candidates=round(100 * found / max(1, missed), 1),
        critical=sum(_critical(spoken.text, text) for spoken, text in zip(medical, results, strict=True)),
        spoiled=_spoiled(medical, results),
        everyday_wer=_wer(everyday, ordinary),
        harmed=_spoiled(everyday, ordinary),
        final_p50_s=round(statistics.median(spans), 2),
    )


def _decode(engine: Ct2Engine, loaded: LoadedLexicon, sentences: list[Spoken]) -> tuple[list[str], list[float]]:
    """Return each sentence's text with the lexicon, and what it takes; the first decode is done already."""
    decoded = [_decode_again(engine, loaded, spoken) for spoken in sentences]
    return [text for text, _ in decoded], [span for _, span in decoded]


def _decode_again(engine: Ct2Engine, loaded: LoadedLexicon, spoken: Spoken) -> tuple[str, float]:
    second_pass = LexiconPass((loaded,), lambda words: build_prompt(engine, words, None).tokens)
    request = replace(spoken.request, second_pass=second_pass)
    began = time.process_time()
    hypothesis = engine._decode_again(lambda: spoken.encoded, request, spoken.plain)
    return hypothesis.text, spoken.plain_s + time.process_time() - began


def _memory_mb(entries: list[Entry]) -> float:
    tracemalloc.start()
    loaded = LoadedLexicon(joined(entries), {})
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(size / 1e6, 1) if loaded else 0.0


def _wer(sentences: list[Spoken], texts: list[str]) -> float:
    said = [plain_text(spoken.text) for spoken in sentences]
    return round(100 * jiwer.wer(said, [plain_text(text) for text in texts]), 1)


def _recall(sentences: list[Spoken], texts: list[str], without: frozenset[str] = frozenset()) -> float:
    pairs = zip(sentences, texts, strict=True)
    wanted = [(term, text) for spoken, text in pairs for term in terms_of(spoken.text) if term not in without]
    return round(100 * sum(term in keys(text) for term, text in wanted) / max(1, len(wanted)), 1)


def _critical(said: str, written: str) -> int:
    found = critical_errors(normalize(said).split(), normalize(written).split())
    return sum(counts.errors for counts in found.values())


def _spoiled(sentences: list[Spoken], texts: list[str]) -> int:
    """Return how many sentences were right without the lexicon and are not with it."""
    pairs = zip(sentences, texts, strict=True)
    return sum(is_right(one.text, one.plain.text) and not is_right(one.text, text) for one, text in pairs)


def _text(rows: list[Row]) -> str:
    columns = (
        ("model", "{0.model}"),
        ("entries", "{0.entries}"),
        ("the sentences' terms", "{1}"),
        ("WER", "{0.wer} %"),
        ("terms found", "{0.terms} %"),
        ("of those never trained on", "{0.unseen} %"),
        ("missed terms among the candidates of the text", "{0.candidates_of_text} %"),
        ("of the beam", "{0.candidates} %"),
        ("critical errors", "{0.critical}"),
        ("right sentences spoiled", "{0.spoiled}"),
        ("everyday WER", "{0.everyday_wer} %"),
        ("spoiled", "{0.harmed}"),
        ("final p50, CPU", "{0.final_p50_s} s"),
        ("lookup p50 / p95", "{0.lookup_p50_ms} / {0.lookup_p95_ms} ms"),
        ("load", "{0.load_s} s"),
        ("memory", "{0.memory_mb} MB"),
    )
    shown = [(row, "–" if not row.entries else "with" if row.with_terms else "without") for row in rows]
    return table([name for name, _ in columns], ([shape.format(*each) for _, shape in columns] for each in shown))


if __name__ == "__main__":
    main()
