"""`carabin demo`: the whole loop on this machine, from recordings to live text by a model that learnt them."""

from typing import Annotated

import typer
from carabin.cli.output import write_json
from rich.console import Console

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

DEFAULT_PORT = 9090


@app.command(epilog="Example: carabin demo")
def demo(
    port: Annotated[int, typer.Option(help="Port of the demo's transcriber; 0 takes a free one.")] = DEFAULT_PORT,
    quick: Annotated[
        bool, typer.Option("--quick", help="A tenth of the data and of the training: shows the steps, not the gain.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Synthesize dictations, fine-tune Whisper on them, and promote the result in the middle of a live dictation.

    Everything it makes stays in the data folder: a second run uses it again. Ctrl-C ends all that it started.
    """
    from .loop import run
    from .plan import FULL, QUICK

    report = run(Console(stderr=as_json), QUICK if quick else FULL, port)
    if as_json:
        write_json(report)
