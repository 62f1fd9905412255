"""How much later the finals of one live speaker come with a lexicon: the transcriber itself, over its WebSocket.

    python bench/lexicon_live.py --dataset FOLDER                  # the embedded Whisper base
    python bench/lexicon_live.py --dataset FOLDER --model FOLDER   # another CTranslate2 folder too; may be repeated
    python bench/lexicon_live.py --sizes 50000 --rounds 1 --scenarios pauses    # a first look

Sentences: of the dataset's test split, which no model was trained on, in a synthetic voice; without --dataset those of
our corpus. The lexicons hold their terms and so many other entries. One server has all lexicons, each as a specialty's;
one speaker dictates the same sentences without one and with each, in an order that changes: what else the machine does
falls on all alike. A final's lag is from the last sound of a sentence to the final that holds it, the silence by which
its end is known among it; with `continuous`, where finals hold several sentences, from the end of the final's own
audio. `decoded twice` counts speculative finals that were not used as well.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

from carabin.lexicon.entries import format_lexicon
from carabin.trainer.data.dictations import load_split
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.text.corpus import sentences_of
from lexicon_sentences import entries_beside, spread, terms_of
from live_audio import Scenario, Speaker, Take, speak, speakers
from live_client import Received, dictate_all
from live_measure import measure
from live_process import Process, our_server
from rows import table

TAIL_S: Final = 3.0
"""Silence at the end of a dictation."""
SENTENCES: Final = {"pauses": 4, "continuous": 6}
"""Of one dictation."""
SECONDS_A_SENTENCE: Final = 5.0
PASSES: Final = ("merged", "kept")
"""Outcomes of finals that were decoded twice, as the metric names them."""
PORT: Final = 19_197


@dataclass(frozen=True, slots=True)
class Row:
    """All dictations of one scenario with one lexicon."""

    model: str
    scenario: str
    entries: int
    finals: int
    decoded_twice: int
    word_error_rate: float
    lag_p50_s: float
    lag_p95_s: float
    times_p50: float
    """The median lag over that without a lexicon."""
    times_p95: float


@dataclass(slots=True)
class _Runs:
    """What was said and received with one lexicon so far."""

    said: list[Speaker]
    received: list[Received]
    decoded_twice: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, action="append", help="CTranslate2 folder beside the embedded base")
    parser.add_argument("--only", action="store_true", help="leave the embedded base out")
    parser.add_argument("--dataset", type=Path, help="folder of a dataset, as the demo and `carabin train` keep it")
    parser.add_argument("--sizes", default="10000,50000", help="other entries beside the sentences' terms")
    parser.add_argument("--scenarios", nargs="+", choices=SENTENCES, default=list(SENTENCES))
    parser.add_argument("--rounds", type=int, default=3, help="dictations of each scenario with each lexicon")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    sizes = [int(size) for size in arguments.sizes.split(",")]
    texts = _texts(arguments.dataset, arguments.rounds * sum(SENTENCES[each] for each in arguments.scenarios))
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="carabin-bench-") as scratch:
        words = _lexicons(Path(scratch) / "words", sizes, texts)
        folders = [] if arguments.only else [install_base_model(Path(scratch) / "base")]
        for folder in [*folders, *(arguments.model or ())]:
            log = Path(scratch) / f"{folder.name}.log"
            with our_server(arguments.port, log, model_dir=str(folder), vocabulary_dir=str(words)) as server:
                _warm_up(server, sizes)
                takes = cycle((text, speak(text)) for text in texts)
                for scenario in arguments.scenarios:
                    rows += _of_scenario(folder.name, server, scenario, sizes, takes, arguments.rounds)
    sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=1) + "\n" if arguments.json else text_of(rows))


def _texts(dataset: Path | None, count: int) -> list[str]:
    if dataset is None:
        return spread(sentences_of("medical"), count)
    return spread(sorted({dictation.sentence for dictation in load_split(dataset, "test")}), count)


def _lexicons(folder: Path, sizes: Sequence[int], texts: Sequence[str]) -> Path:
    """Write a specialty's lexicon of each size, which sessions name like the size."""
    folder.mkdir()
    terms = sorted({term for text in texts for term in terms_of(text)})
    for size in sizes:
        lexicon = entries_beside(size, terms, set(terms))
        (folder / f"specialty.{size}.tsv").write_bytes(format_lexicon(lexicon))
    return folder


def _warm_up(server: Process, sizes: Sequence[int]) -> None:
    said = speakers("pauses", 1, 1, TAIL_S, takes=iter([("", speak("Le patient va bien, il rentre chez lui."))]))
    asyncio.run(dictate_all(server.url, said, [str(size) for size in sizes]))


def _of_scenario(
    model: str, server: Process, scenario: Scenario, sizes: Sequence[int], takes: Iterator[Take], rounds: int
) -> list[Row]:
    lexicons = [0, *sizes]
    runs = {size: _Runs([], []) for size in lexicons}
    for number in range(rounds):
        length = SENTENCES[scenario] * (1 if scenario == "pauses" else SECONDS_A_SENTENCE)
        said = speakers(scenario, 1, length, TAIL_S, takes=takes)
        turn = number % len(lexicons)
        for size in [*lexicons[turn:], *lexicons[:turn]]:
            before = _decoded_twice(server)
            named = [str(size)] if size else []
            runs[size].received += asyncio.run(dictate_all(server.url, said, named))
            runs[size].said += said
            runs[size].decoded_twice += _decoded_twice(server) - before
            sys.stderr.write(f"{model}, {scenario}, round {number + 1}, {size} entries: done\n")
    return rows_of(model, scenario, runs)


def _decoded_twice(server: Process) -> float:
    name = "carabin_transcriber_second_decodes_total"
    return sum(server.metric(f'{name}{{outcome="{outcome}"}}') for outcome in PASSES)


def rows_of(model: str, scenario: Scenario, runs: dict[int, _Runs]) -> list[Row]:
    """Return a row for each lexicon, the first one without."""
    rows: list[Row] = []
    for size, run in runs.items():
        figures = measure(run.said, run.received)
        if figures.errors:
            raise SystemExit(f"a dictation failed: {[each.error for each in run.received if each.error]}")
        continuous = scenario == "continuous"
        p50_s, p95_s = (
            (figures.segment_p50_s, figures.segment_p95_s) if continuous else (figures.final_p50_s, figures.final_p95_s)
        )
        first = rows[0] if rows else None
        rows.append(
            Row(
                model=model,
                scenario=scenario,
                entries=size,
                finals=sum(len(each.finals()) for each in run.received),
                decoded_twice=round(run.decoded_twice),
                word_error_rate=figures.word_error_rate,
                lag_p50_s=p50_s,
                lag_p95_s=p95_s,
                times_p50=_times(p50_s, first.lag_p50_s if first else p50_s),
                times_p95=_times(p95_s, first.lag_p95_s if first else p95_s),
            )
        )
    return rows


def _times(lag_s: float, without_s: float) -> float:
    return lag_s / without_s if without_s > 0 and math.isfinite(lag_s) else math.inf


def text_of(rows: Sequence[Row]) -> str:
    """Return the rows as a table."""
    columns = {
        "model": "{0.model}",
        "speech": "{0.scenario}",
        "entries beside the terms": "{0.entries:,}",
        "finals": "{0.finals}",
        "decoded twice": "{0.decoded_twice}",
        "WER": "{1:.1f} %",
        "final p50 / p95": "{0.lag_p50_s:.2f} / {0.lag_p95_s:.2f} s",
        "times that without": "{0.times_p50:.2f} / {0.times_p95:.2f}",
    }
    shown = ([shape.format(row, 100 * row.word_error_rate) for shape in columns.values()] for row in rows)
    return table(list(columns), shown)


if __name__ == "__main__":
    main()
