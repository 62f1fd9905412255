"""What the formatter does: on the clinicians' table, on spoken sentences through a real Whisper, and in what time.

    python bench/format.py                    # table, time, and 16 spoken sentences through the embedded base model
    python bench/format.py --no-speech        # without a model: seconds
    python bench/format.py --per-kind 8       # and so many cases of each kind of the specialties' tables, end to end
    python bench/format.py --model FOLDER     # another CTranslate2 folder, such as one you trained
    python bench/format.py --json

Kinds are reported as they are said, with their numbers in digits, as Whisper wrote them of the synthetic voice (once,
by `format_decode.py`), and end to end through the model, said by the speaker that no table and no training has seen.
`format_judge.py` says what counts as misheard. The voice is synthetic (SVOX Pico, fr-FR): it shows the whole way, not
the accuracy on people.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.synthesis.voices import HELD_OUT
from carabin.transcriber.formatting import FormatOptions, Formatter
from format_decode import SpokenDecoder
from format_judge import Outcomes
from format_spoken import SpokenScore, score_kinds, score_spoken
from format_tables import AUTOTEXTS, cases, score_tables

TARGET_MS: Final = 2.0
"""The issue's bound on the 95th percentile of one update."""


@dataclass(frozen=True, slots=True)
class TimeScore:
    updates: int
    words: int
    """Words of the longest update."""
    p50_ms: float
    p95_ms: float
    longest_ms: float
    wall_p95_ms: float
    """By the clock on the wall: the same on a machine that does nothing else."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--no-speech", action="store_true", help="leave the spoken sentences out")
    parser.add_argument("--model", type=Path, help="CTranslate2 folder; by default the embedded Whisper base")
    parser.add_argument("--per-kind", type=int, default=3, help="cases of each kind to speak; 0 for none")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    formatter = Formatter(FormatOptions(typography="plain", autotexts=AUTOTEXTS))
    scores: dict[str, Any] = {"table": asdict(score_tables(formatter)), "time": asdict(score_time(formatter))}
    if not arguments.no_speech:
        with tempfile.TemporaryDirectory(prefix="carabin-bench-") as scratch:
            decoder = SpokenDecoder(arguments.model or install_base_model(Path(scratch) / "base"), HELD_OUT)
            scores["spoken"] = asdict(score_spoken(formatter, decoder, show=not arguments.json))
            found = score_kinds(formatter, decoder, arguments.per_kind, show=not arguments.json)
            scores["end_to_end"] = {kind: asdict(outcomes) for kind, outcomes in found.items()}
    sys.stdout.write(json.dumps(scores, ensure_ascii=False, indent=1) + "\n" if arguments.json else _text(scores))
    if scores["table"]["wrong"] or scores["time"]["p95_ms"] > TARGET_MS:
        sys.exit(1)


def score_time(formatter: Formatter) -> TimeScore:
    """Time every partial of utterances that grow word by word to 30 s of speech, as a session sends them.

    The bound is judged on processor time, which other work on the machine does not change.
    """
    phrases = [row.given for row in cases() if row.kind == "phrases"]
    longest = " ".join(phrases).split()
    spans_ms, walls_ms, most = [], [], 0
    for start in range(0, len(longest), 40):
        utterance = longest[start : start + 80]  # 30 s hold about 80 French words.
        most = max(most, len(utterance))
        for length in range(1, len(utterance) + 1):
            stable, tail = " ".join(utterance[: length - 1]), " " + utterance[length - 1]
            began, began_wall = time.thread_time(), time.perf_counter()
            formatter.partial(stable, tail)
            spans_ms.append((time.thread_time() - began) * 1000)
            walls_ms.append((time.perf_counter() - began_wall) * 1000)
    cuts, wall = statistics.quantiles(spans_ms, n=100), statistics.quantiles(walls_ms, n=100)
    return TimeScore(
        len(spans_ms), most, round(cuts[49], 3), round(cuts[94], 3), round(max(spans_ms), 3), round(wall[94], 3)
    )


def _text(scores: dict[str, Any]) -> str:
    table, span = scores["table"], TimeScore(**scores["time"])
    lines = [
        f"case tables       {table['right']} of {table['cases']} cases as written, {table['by_whisper']} by Whisper",
        f"  commands        {table['executed']} of {table['commands']} executed",
        f"  stay words      {table['false_conversions']} false conversions in {table['words']} cases",
        (
            f"time per update   p50 {span.p50_ms:.2f} ms, p95 {span.p95_ms:.2f} ms (bound {TARGET_MS:g}), longest "
            f"{span.longest_ms:.2f} ms of processor; wall p95 "
            f"{span.wall_p95_ms:.2f} ms; {span.updates} updates of up to {span.words} words"
        ),
    ]
    lines += [f"  wrong: {said}" for said in table["wrong"]]
    lines += _kinds_text(table["kinds"])
    if "spoken" in scores:
        lines += _spoken_text(SpokenScore(**scores["spoken"]))
    if scores.get("end_to_end"):
        lines += _end_to_end_text({kind: Outcomes(**found) for kind, found in scores["end_to_end"].items()})
    return "\n".join([*lines, ""])


def _kinds_text(kinds: dict[str, dict[str, int]]) -> list[str]:
    lines = ["", "by kind         as it is said   in digits   as Whisper wrote it     misheard by Whisper"]
    totals = Counter[str]()
    for counts in kinds.values():
        totals.update(counts)
    for kind, n in {**kinds, "all": totals}.items():
        recognised = f"{n['recognised_right']} of {n['recognised']}"
        spoken, digits = f"{n['spoken_right']} of {n['spoken']}", f"{n['digits_right']} of {n['digits']}"
        lines.append(f"{kind:<15} {spoken:>13} {digits:>12} {recognised:>14} recognised {n['misheard']:>12}")
    return [*lines, ""]


def _spoken_text(spoken: SpokenScore) -> list[str]:
    share = 100 * spoken.executed / spoken.marks
    return [
        f"spoken sentences  {spoken.sentences}, synthetic voice",
        (
            f"  commands        {spoken.executed} of {spoken.marks} executed ({share:.0f} %); Whisper alone writes "
            f"{spoken.whisper_alone}; {spoken.false_marks} signs that nobody asked for"
        ),
        (
            f"  critical tokens {spoken.wrong_before} of {spoken.critical} wrong before the formatter, "
            f"{spoken.wrong_after} after"
        ),
    ]


def _end_to_end_text(kinds: dict[str, Outcomes]) -> list[str]:
    lines = ["", "end to end      spoken   right   recognised, not written   misheard by Whisper"]
    total = Outcomes(*(sum(getattr(each, name) for each in kinds.values()) for name in ("right", "missed", "misheard")))
    for kind, found in {**kinds, "all": total}.items():
        lines.append(f"{kind:<15} {found.cases:>6} {found.right:>7} {found.missed:>25} {found.misheard:>21}")
    return lines


if __name__ == "__main__":
    main()
