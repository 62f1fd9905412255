"""What building a dataset costs as it grows, beside the audio folder loader of `datasets` on the same clips.

    python bench/data.py                         # 300 and 3,000 clips of two seconds
    python bench/data.py --clips 300,3000,30000  # 2 GB of disk for the recordings alone, and as much for each side
    python bench/data.py --json

Each side is a fresh process. Ours decodes and judges every recording and report, finds duplicates, splits, encodes FLAC
and writes Parquet. The loader copies the files' bytes and texts into Parquet: it decodes nothing, refuses nothing and
draws no splits. The peak is the memory of each side's whole tree of processes, imports included, shared pages counted
once; both read and write the same disk.
"""

import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from carabin.trainer.text.corpus import sentences_of
from process_tree import run_tree
from rows import show_row, size_arguments

CLIP_S, RATE_HZ = 2.0, 16_000
MAX_WORDS: Final = 8
"""Of a sentence: more is not said in two seconds, and would be refused."""

LOADER: Final = """
import sys
from types import ModuleType
from datasets import Audio, load_dataset
from datasets.table import embed_table_storage
encoders = ModuleType("torchcodec.encoders")
encoders.AudioEncoder = None
sys.modules["torchcodec"] = ModuleType("torchcodec")
sys.modules["torchcodec.encoders"] = encoders
loaded = load_dataset("audiofolder", data_dir=sys.argv[1], cache_dir=sys.argv[2] + "/cache", split="train")
loaded = loaded.cast_column("audio", Audio(decode=False)).with_format("arrow")
loaded = loaded.map(embed_table_storage, batched=True, batch_size=100)
loaded.with_format(None).to_parquet(sys.argv[2] + "/train.parquet", batch_size=100)
"""
"""The loader imports torchcodec's encoder before each path that it stores, and calls it for arrays only: a name will
do, and neither its time nor its memory is counted against the loader."""


@dataclass(frozen=True, slots=True)
class BuildCost:
    """One side on one size."""

    side: str
    clips: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    written_mb: float

    @property
    def clips_a_second(self) -> float:
        return self.clips / self.wall_s


def main() -> None:
    arguments = size_arguments(__doc__, "300,3000", option="--clips")
    if not arguments.json:
        sys.stdout.write(
            f"{'clips':>7}  {'side':<12} {'clips/s':>8} {'seconds':>8} {'CPU s':>7} {'peak MB':>8} {'written MB':>11}\n"
        )
    for clips in (int(size) for size in arguments.clips.split(",")):
        with tempfile.TemporaryDirectory(dir=arguments.work, prefix="carabin-bench-") as scratch:
            write_clips(Path(scratch) / "data", clips)
            for cost in (ours(Path(scratch), clips), loader(Path(scratch), clips)):
                row = asdict(cost) | {"clips_a_second": cost.clips_a_second}
                show_row(row, _text(cost), as_json=arguments.json)


def write_clips(folder: Path, count: int) -> None:
    """Write clips of noise in bursts, a report for each, and the table that the loader wants."""
    texts = [text for text in sentences_of("medical") if len(text.split()) <= MAX_WORDS]
    (folder / "audio").mkdir(parents=True)
    (folder / "reports").mkdir()
    rows = ["file_name,sentence"]
    for number in range(count):
        draw = np.random.default_rng(number)
        loudness = np.repeat(draw.uniform(0.0, 0.2, 10), round(CLIP_S * RATE_HZ) // 10)
        samples = loudness * draw.standard_normal(len(loudness))
        soundfile.write(folder / "audio" / f"{number:06d}.wav", samples, RATE_HZ)
        text = f"{texts[number % len(texts)]} Dossier {number}."
        (folder / "reports" / f"{number:06d}.txt").write_text(text, encoding="utf-8")
        rows.append(f'{number:06d}.wav,"{text}"')
    (folder / "audio" / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def ours(scratch: Path, clips: int) -> BuildCost:
    """Build with the command that users have."""
    data, target = scratch / "data", scratch / "ours"
    command = ["-m", "carabin.cli", "dataset", "build", str(data / "audio"), str(data / "reports")]
    command += ["--work", str(scratch / "work"), "--folder", str(target), "--json"]
    return _measure("carabin", clips, command, target)


def loader(scratch: Path, clips: int) -> BuildCost:
    """Load the folder by `datasets` and write it as Parquet with its sounds."""
    target = scratch / "loader"
    target.mkdir()
    return _measure("audiofolder", clips, ["-c", LOADER, str(scratch / "data" / "audio"), str(target)], target)


def _measure(side: str, clips: int, arguments: list[str], target: Path) -> BuildCost:
    environment = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    cost = run_tree([sys.executable, *arguments], environment)
    written = sum(file.stat().st_size for file in target.rglob("*.parquet")) / 1e6
    return BuildCost(side, clips, cost.wall_s, cost.cpu_s, cost.peak_mb, written)


def _text(cost: BuildCost) -> str:
    figures = f"{cost.clips_a_second:>8.0f} {cost.wall_s:>8.1f} {cost.cpu_s:>7.1f} {cost.peak_mb:>8.0f}"
    return f"{cost.clips:>7}  {cost.side:<12} {figures} {cost.written_mb:>11.0f}"


if __name__ == "__main__":
    main()
