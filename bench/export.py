"""What an export costs: ours beside `ct2-transformers-converter`, same checkpoint, same forms, same machine.

    python bench/export.py                       # whisper base and a random large-v3 (7 GB of disk, minutes)
    python bench/export.py --sizes base --json

Each row is a fresh process of each side, in turn, with the checkpoint in the page cache: wall time, processor time, and
peak resident memory as the kernel counts it, imports and mapped pages of the checkpoint included. The plain converter
runs once for each form: its times are added up, its peak is the greatest. Ours includes its gate (every value is looked
at for NaN), and is timed without the validation, which the plain converter has not. Both sides' files are compared
byte for byte. On a busy machine believe the processor time.
"""

import filecmp
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from checkpoints import checkpoint
from fresh_process import Cost, run
from rows import show_row, size_arguments

ONE: Final = ("float16",)
THREE: Final = ("float16", "int8", "int8_float16")
REPEATS: Final = {"base": 3}
"""Once where it is not named: larger ones take minutes."""

CONVERTER: Final = str(Path(sys.executable).with_name("ct2-transformers-converter"))


@dataclass(frozen=True, slots=True)
class Row:
    """Both sides on the same work."""

    size: str
    checkpoint_mb: float
    forms: str
    ours: Cost
    plain: Cost
    same: bool
    """Whether model.bin, config.json and vocabulary.json of every form are the same bytes."""


def main() -> None:
    arguments = size_arguments(__doc__, "base,large-v3")
    with tempfile.TemporaryDirectory(dir=arguments.work, prefix="carabin-bench-") as scratch:
        for size in arguments.sizes.split(","):
            source = checkpoint(size, Path(scratch))
            for forms in (ONE, THREE):
                row = compare(size, source, forms, Path(scratch))
                show_row(asdict(row), _text(row), as_json=arguments.json)
            shutil.rmtree(source)


def compare(size: str, checkpoint: Path, forms: Sequence[str], scratch: Path) -> Row:
    """Run both sides in turn and keep the fastest of each."""
    _warm(checkpoint)
    ours, plain, same = [], [], True
    for _ in range(REPEATS.get(size, 1)):
        with _folder(scratch / "ours") as mine, _folder(scratch / "plain") as theirs:
            plain.append(_plain(checkpoint, forms, theirs))
            ours.append(_ours(checkpoint, forms, mine))
            same &= all(
                filecmp.cmp(mine / form / name, theirs / form / name, shallow=False)
                for form in forms
                for name in ("model.bin", "config.json", "vocabulary.json")
            )
    size_mb = sum(file.stat().st_size for file in checkpoint.glob("*.safetensors")) / 1e6
    return Row(size, size_mb, "+".join(forms), _fastest(ours), _fastest(plain), same)


def _fastest(costs: Sequence[Cost]) -> Cost:
    return min(costs, key=lambda cost: cost.wall_s)


def _ours(checkpoint: Path, forms: Sequence[str], target: Path) -> Cost:
    # Several forms get a folder each inside the target, one takes the target itself.
    folder = target if len(forms) > 1 else target / forms[0]
    options = [word for form in forms for word in ("--quantization", form)]
    return run([sys.executable, "-m", "carabin.exporter", "convert", str(checkpoint), str(folder), *options])


def _plain(checkpoint: Path, forms: Sequence[str], target: Path) -> Cost:
    files = ("tokenizer.json", "preprocessor_config.json")
    target.mkdir()
    costs = [
        run(
            [
                CONVERTER,
                "--model",
                str(checkpoint),
                "--output_dir",
                str(target / form),
                "--quantization",
                form,
                "--copy_files",
                *files,
            ]
        )
        for form in forms
    ]
    return Cost(
        sum(cost.wall_s for cost in costs), sum(cost.cpu_s for cost in costs), max(cost.peak_mb for cost in costs)
    )


@contextmanager
def _folder(target: Path) -> Iterator[Path]:
    yield target
    shutil.rmtree(target)


def _warm(checkpoint: Path) -> None:
    for file in checkpoint.glob("*.safetensors"):
        with file.open("rb") as opened:
            while opened.read(1 << 24):
                pass


def _text(row: Row) -> str:
    ours, plain = row.ours, row.plain
    return (
        f"{row.size}, {row.checkpoint_mb:.0f} MB, {row.forms}\n"
        f"  wall      ours {ours.wall_s:7.1f} s   plain {plain.wall_s:7.1f} s   {ours.wall_s / plain.wall_s:.2f}x\n"
        f"  processor ours {ours.cpu_s:7.1f} s   plain {plain.cpu_s:7.1f} s   {ours.cpu_s / plain.cpu_s:.2f}x\n"
        f"  peak      ours {ours.peak_mb:5.0f} MB   plain {plain.peak_mb:5.0f} MB   of the checkpoint: ours"
        f" {ours.peak_mb / row.checkpoint_mb:.2f}x, plain {plain.peak_mb / row.checkpoint_mb:.2f}x\n"
        f"  files     {'the same, byte for byte' if row.same else 'DIFFERENT'}"
    )


if __name__ == "__main__":
    main()
