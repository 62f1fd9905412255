"""`carabin-exporter CHECKPOINT TARGET`: one checkpoint to one CTranslate2 folder, by hand."""

import argparse
import json
import sys
from pathlib import Path

from .convert import MODEL_FILES, QUANTIZATIONS, convert
from .errors import ExporterError


def main(argv: list[str] | None = None) -> int:
    """Convert as the arguments say; 0 when the folder is there, 1 when it was refused."""
    arguments = _parser().parse_args(argv)
    try:
        target = convert(arguments.checkpoint, arguments.target, arguments.quantization)
    except ExporterError as error:
        sys.stderr.write(f"carabin-exporter: {error}\n")
        return 1
    sizes = {name: (target / name).stat().st_size for name in MODEL_FILES}
    if arguments.json:
        sys.stdout.write(json.dumps({"target": str(target), "bytes": sizes}) + "\n")
    else:
        sys.stdout.write(f"{target}: {sum(sizes.values()) / 1e6:.1f} MB, {arguments.quantization}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="carabin-exporter",
        description="Convert a Hugging Face Whisper checkpoint into a CTranslate2 folder for faster-whisper.",
        epilog="Example: carabin-exporter checkpoints/step-200 models/cardio --quantization int8",
    )
    parser.add_argument("checkpoint", type=Path, help="Hugging Face folder with safetensors weights")
    parser.add_argument("target", type=Path, help="folder to create; it must not exist")
    parser.add_argument("--quantization", default="float16", choices=QUANTIZATIONS, help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
