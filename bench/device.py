"""What a device takes for a batch of dictations: the encoder and the decoder apart, by model size, window and batch.

    python bench/device.py                                          # Whisper base on the CPU; two minutes
    python bench/device.py --device cuda --sizes base small large-v3
    python bench/device.py --sizes small --repeats 2 --json

Through the transcriber's own engine, with features already there: the mel spectrogram is not the device's work. Sizes
other than base have random weights, which write as many tokens as they may, so every decode is given the same number:
what ten seconds of French dictation need. `speakers` is how many such dictations at real time the batch's time would
allow if each took one final and two partials a second and nothing else were in the way: a bound, not a promise.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from carabin.transcriber.core.config import SAMPLE_RATE_HZ
from carabin.transcriber.inference.ct2 import Ct2Engine, has_gpu
from carabin.transcriber.inference.engine import DecodeRequest
from checkpoints import SIZES, checkpoint
from live_audio import Samples, speak
from rows import table

TOKENS = 40
"""Ten seconds of dictated French, 25 words, in Whisper's tokens."""
WINDOWS = (500, 1000, 3000)
"""Frames of 10 ms: what an utterance of up to 5 s is decoded in, one of 10 s, and Whisper's own."""
BATCHES = (1, 4, 16)
DECODES_A_SECOND = 2.2
"""Of one speaker who goes on: two partials a second, and a final in five."""
SENTENCE = "Le patient présente une douleur thoracique depuis ce matin, sans fièvre ni dyspnée."


@dataclass(frozen=True, slots=True)
class Row:
    """One size, window and batch."""

    size: str
    device: str
    compute_type: str
    load_s: float
    window_s: float
    batch: int
    encode_ms: float
    decode_ms: float

    @property
    def batch_ms(self) -> float:
        return self.encode_ms + self.decode_ms

    @property
    def speakers(self) -> float:
        return self.batch * 1000 / self.batch_ms / DECODES_A_SECOND


def main() -> None:
    arguments = _parse()
    rows = []
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            rows += list(measure(size, model(size, arguments.compute_type, Path(scratch)), arguments))
            sys.stderr.write(f"{size}: done\n")
    if arguments.json:
        sys.stdout.write(json.dumps([asdict(row) | {"batch_ms": row.batch_ms} for row in rows], indent=2) + "\n")
    else:
        _print(rows)


def model(size: str, compute_type: str, scratch: Path) -> Path:
    """Return a CTranslate2 folder of the size, converted by our exporter."""
    source, folder = checkpoint(size, scratch), scratch / "served"
    command = [sys.executable, "-m", "carabin.exporter", "convert", str(source), str(folder)]
    subprocess.run([*command, "--quantization", compute_type], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(source)
    return folder


def measure(size: str, folder: Path, arguments: argparse.Namespace) -> Iterator[Row]:
    """Yield the rows of one size."""
    started_s = time.perf_counter()
    engine = Ct2Engine(folder, device=arguments.device, compute_type=arguments.compute_type, replicas=1)
    load_s = time.perf_counter() - started_s
    device = "cuda" if has_gpu(arguments.device) else "cpu"
    voice = speak(SENTENCE)
    for window in WINDOWS:
        for n in arguments.batches:
            requests = [_request(engine, voice, window) for _ in range(n)]
            engine.decode(requests)  # the first call of a shape allocates
            timings = [engine.decode(requests)[1] for _ in range(arguments.repeats)]
            encode_ms = 1000 * statistics.median(timing.encode_s for timing in timings)
            decode_ms = 1000 * statistics.median(timing.decode_s for timing in timings)
            yield Row(size, device, arguments.compute_type, load_s, window / 100, n, encode_ms, decode_ms)
    engine.close()


def _request(engine: Ct2Engine, voice: Samples, window: int) -> DecodeRequest:
    samples = voice[: min(len(voice), (window - 50) * SAMPLE_RATE_HZ // 100)]
    request = DecodeRequest(samples, window, "fr", max_tokens=TOKENS, beam_size=1, mel=engine.growing_mel())
    if request.mel is not None:
        request.mel.settle(samples)
    return request


def _print(rows: Sequence[Row]) -> None:
    columns = ("model", "device", "loads in", "window", "batch", "encoder", "decoder", "speakers, at most")
    cells = (
        (
            f"{row.size}, {row.compute_type}", row.device, f"{row.load_s:.1f} s", f"{row.window_s:g} s", f"{row.batch}",
            f"{row.encode_ms:.1f} ms", f"{row.decode_ms:.1f} ms", f"{row.speakers:.0f}",
        )
        for row in rows
    )  # fmt: skip
    sys.stdout.write(table(columns, cells))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=("cpu", "cuda", "auto"), default="cpu")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["base"])
    parser.add_argument("--batches", type=int, nargs="+", default=list(BATCHES), help="requests in a batch")
    parser.add_argument("--compute-type", help="CTranslate2's; by default int8 on a CPU and float16 on a GPU")
    parser.add_argument("--repeats", type=int, default=5, help="of which the median is printed")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    arguments.compute_type = arguments.compute_type or ("float16" if has_gpu(arguments.device) else "int8")
    return arguments


if __name__ == "__main__":
    main()
