"""`carabin dataset` and its commands."""

import typer

from .contents import diff, show
from .inspect import check, list_
from .make import build, from_corrections, synthesize

app = typer.Typer(
    help="Make, check and list datasets of dictations.",
    epilog="Example: carabin dataset build recordings/ reports/ --name cardiology",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command(epilog="Example: carabin dataset synthesize --corpus medical --name demo")(synthesize)
app.command(epilog="Example: carabin dataset build recordings/ reports/ --name cardiology")(build)
app.command(epilog="Example: carabin dataset from-corrections --name corrected")(from_corrections)
app.command("list", epilog="Example: carabin dataset list --json")(list_)
app.command(epilog="Example: carabin dataset show demo --html demo.html")(show)
app.command(epilog="Example: carabin dataset diff demo@VERSION demo")(diff)
app.command(epilog="Example: carabin dataset check demo")(check)
