"""What the audit of a dataset finds and wrongly refuses, by voice and noise, at each threshold.

    python bench/audit.py                # 40 dictations for each voice, quiet and at 20, 10 and 5 dB of noise
    python bench/audit.py --clips 10 --noise quiet,10
    python bench/audit.py --json

Pico speaks medical sentences in the voices of synthetic datasets and in two beyond their speeds. Each recording is
scored with its own report and with one of nearly the same length of another recording. Swaps found: of those others,
the share below the threshold; wrongly refused: the same of the own ones. Then 5 % of all are swapped, 1,000 times.
"""

import argparse
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from carabin.trainer.features.augment import add_noise
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.quality.audit import MIN_EVIDENCE
from carabin.trainer.segmentation.align import WhisperAligner
from carabin.trainer.synthesis.engines import PicoEngine, Samples
from carabin.trainer.synthesis.spoken_text import spoken
from carabin.trainer.synthesis.voices import HELD_OUT, SPEAKERS, Speaker
from carabin.trainer.text.corpus import sentences_of
from rows import show_row

VOICES: Final = (
    *SPEAKERS, HELD_OUT, Speaker("tres-rapide", speed=1.4), Speaker("tres-lente", speed=0.75, pitch=0.8)
)  # fmt: skip
THRESHOLDS: Final = (0.3, 0.4, 0.5, MIN_EVIDENCE, 0.7, 0.8, 1.0)
SWAPPED_SHARE, DRAWS = 0.05, 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """One voice at one noise, at one threshold."""

    voice: str
    noise: str
    threshold: float
    clips: int
    swaps_found: float
    """Share of the wrong reports that are refused."""
    wrongly_refused: float
    """Share of the right ones."""
    least_right: float
    greatest_wrong: float


def main() -> None:
    arguments = _arguments()
    engine, sentences = PicoEngine(), sentences_of("medical")
    with tempfile.TemporaryDirectory() as scratch:
        aligner = WhisperAligner(install_base_model(Path(scratch) / "base"), cpu_threads=arguments.threads)
    right: list[float] = []
    wrong: list[float] = []
    for voice in VOICES:
        draw = np.random.default_rng(len(right))
        texts = [sentences[place] for place in draw.choice(len(sentences), arguments.clips, replace=False)]
        sounds = [engine.speak(spoken(text), voice) for text in texts]
        for noise in arguments.noise.split(","):
            own, other = _scores(aligner, texts, [_noisy(samples, noise, draw) for samples in sounds])
            right, wrong = [*right, *own], [*wrong, *other]
            _show(voice.name, noise, own, other, as_json=arguments.json)
    _show("all", "all", right, wrong, as_json=arguments.json)
    _show_swaps(np.array(right), np.array(wrong), as_json=arguments.json)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=40, help="for each voice; default: %(default)s")
    parser.add_argument("--noise", default="quiet,20,10,5", help="signal to noise in dB; default: %(default)s")
    parser.add_argument("--threads", type=int, default=0, help="of the model; default: all cores")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser.parse_args()


def _noisy(samples: Samples, noise: str, draw: np.random.Generator) -> Samples:
    return samples if noise == "quiet" else np.clip(add_noise(samples, draw, float(noise)), -1, 1)


def _scores(aligner: WhisperAligner, texts: list[str], sounds: list[Samples]) -> tuple[list[float], list[float]]:
    """Return the evidence of each recording for its own report, and for one of nearly its length of the others."""
    by_length = sorted(range(len(texts)), key=lambda place: len(texts[place]))
    neighbour = dict(zip(by_length, [*by_length[1:], by_length[-2]], strict=True))
    own = [aligner.evidence(samples, text) for samples, text in zip(sounds, texts, strict=True)]
    other = [aligner.evidence(samples, texts[neighbour[place]]) for place, samples in enumerate(sounds)]
    return own, other


def _show(voice: str, noise: str, own: list[float], other: list[float], *, as_json: bool) -> None:
    rights, wrongs = np.array(own), np.array(other)
    for threshold in THRESHOLDS:
        found = Outcome(
            voice, noise, threshold, len(own), float((wrongs < threshold).mean()), float((rights < threshold).mean()),
            float(rights.min()), float(wrongs.max()),
        )  # fmt: skip
        if as_json or threshold == MIN_EVIDENCE or voice == "all":
            show_row(asdict(found), _text(found), as_json=as_json)


def _text(found: Outcome) -> str:
    shares = f"swaps found {found.swaps_found:>6.1%}  wrongly refused {found.wrongly_refused:>6.1%}"
    least = f"right from {found.least_right:>5.2f}, wrong to {found.greatest_wrong:>5.2f}"
    return f"{found.voice:<14} {found.noise:>5} dB  {found.clips:>5} clips  at {found.threshold:.1f}: {shares}  {least}"


def _show_swaps(right: np.ndarray, wrong: np.ndarray, *, as_json: bool) -> None:
    draw, found, refused = np.random.default_rng(0), 0, 0
    n_swapped = max(2, round(SWAPPED_SHARE * len(right)))
    for _ in range(DRAWS):
        swapped = np.zeros(len(right), bool)
        swapped[draw.choice(len(right), n_swapped, replace=False)] = True
        found += int((wrong[swapped] < MIN_EVIDENCE).sum())
        refused += int((right[~swapped] < MIN_EVIDENCE).sum())
    shares = found / (DRAWS * n_swapped), refused / (DRAWS * (len(right) - n_swapped))
    row = {"swapped": n_swapped, "of": len(right), "found": shares[0], "wrongly_refused": shares[1]}
    found_text = f"{shares[0]:.1%} found, {shares[1]:.2%} of the right ones refused"
    text = f"{n_swapped} of {len(right)} reports swapped, {DRAWS} times: {found_text}"
    show_row(row, text, as_json=as_json)


if __name__ == "__main__":
    main()
