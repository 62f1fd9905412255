"""`carabin-exporter serve` watches and answers for ever; the other commands are for a person in its container."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from carabin.ct2whisper.quantize import FORMS
from carabin.registry.errors import CarabinError
from carabin.service.output import never_lose_output

from .conversion.convert import MODEL_FILES, convert_all
from .conversion.layouts import complete


def main(argv: list[str] | None = None) -> int:
    """Do as the arguments say: 0 done, 1 refused with one sentence, 2 wrong usage, 130 interrupted."""
    never_lose_output()
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except CarabinError as error:
        sys.stderr.write(f"carabin-exporter: {error}\n")
        return 1


def _serve(arguments: argparse.Namespace) -> int:
    del arguments
    # Converting by hand needs no server, no store client and no decoder.
    from carabin.registry.connect import connect, store_settings
    from carabin.service.logging import configure_logging
    from carabin.service.shutdown import stop_on_signals

    from .app import serve
    from .settings import ExporterSettings

    settings = ExporterSettings.load()
    configure_logging("exporter", settings.log_level)
    where = store_settings()
    serve(settings, connect(where), where, stop_on_signals())
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from .operation import list_exports

    return list_exports(arguments.model, as_json=arguments.json)


def _retry(arguments: argparse.Namespace) -> int:
    from .operation import retry

    return retry(arguments.run_name, arguments.model, as_json=arguments.json)


def _convert(arguments: argparse.Namespace) -> int:
    forms = tuple(dict.fromkeys(arguments.quantization or ("float16",)))
    # One form takes the target's own name, several a folder each inside it.
    targets = {form: arguments.target / form if len(forms) > 1 else arguments.target for form in forms}
    with tempfile.TemporaryDirectory(prefix="carabin-convert-") as scratch:
        convert_all(complete(arguments.checkpoint, Path(scratch) / "completed"), targets)
    for form, target in targets.items():
        sizes = {name: (target / name).stat().st_size for name in MODEL_FILES}
        if arguments.json:
            sys.stdout.write(json.dumps({"target": str(target), "quantization": form, "bytes": sizes}) + "\n")
        else:
            sys.stdout.write(f"{target}: {sum(sizes.values()) / 1e6:.1f} MB, {form}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="carabin-exporter", description="Turn checkpoints into model versions.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serving = commands.add_parser(
        "serve", help="watch for checkpoints and take requests over gRPC",
        epilog="Example: CARABIN_EXPORTER_MODEL_NAME=cardio carabin-exporter serve",
    )  # fmt: skip
    serving.set_defaults(run=_serve)
    converting = commands.add_parser(
        "convert", help="convert a Hugging Face Whisper folder into CTranslate2 folders, publishing nothing",
        epilog="Example: carabin-exporter convert checkpoints/step-200 models/cardio --quantization int8",
    )  # fmt: skip
    converting.add_argument("checkpoint", type=Path, help="Hugging Face folder with safetensors weights")
    converting.add_argument("target", type=Path, help="folder to create; it must not exist")
    converting.add_argument(
        "--quantization", action="append", choices=FORMS, help="may be given several times; default: float16"
    )
    converting.add_argument("--json", action="store_true", help="print one JSON object a line for each form")
    converting.set_defaults(run=_convert)
    listing = commands.add_parser(
        "list", help="show the exports of a model, with the reason of those that failed",
        epilog="Example: carabin-exporter list --model cardio",
    )  # fmt: skip
    retrying = commands.add_parser(
        "retry", help="export a checkpoint that failed again, in the forms of CARABIN_EXPORTER_QUANTIZATIONS",
        epilog="Example: carabin-exporter retry cardio-1@200 --model cardio",
    )  # fmt: skip
    retrying.add_argument("run_name", metavar="RUN[@STEP]", help="a checkpoint in the registry")
    for command, run in ((listing, _list), (retrying, _retry)):
        command.add_argument("--model", help="model name; default: CARABIN_EXPORTER_MODEL_NAME")
        command.add_argument("--json", action="store_true", help="print one JSON document")
        command.set_defaults(run=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
