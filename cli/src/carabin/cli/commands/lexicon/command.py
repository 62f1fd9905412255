"""`carabin lexicon` and its commands."""

import typer

from .build import build
from .change import promote, rollback, withdraw
from .files import check, default, import_, suggest
from .versions import diff, list_, show

app = typer.Typer(
    help="Words that the transcriber recognises without training: made from reports, checked, promoted, rolled back.",
    epilog="Example: carabin lexicon build reports/ --out cardiologie.tsv",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command(epilog="Example: carabin lexicon build reports/ --names staff.txt --out cardiologie.tsv")(build)
app.command("import", epilog="Example: carabin lexicon import words.txt more.tsv --out cardiologie.tsv")(import_)
app.command(epilog="Example: carabin lexicon default --out default.tsv")(default)
app.command(epilog="Example: carabin lexicon suggest --min-persons 2 --out corrected.tsv")(suggest)
app.command(epilog="Example: carabin lexicon check cardiologie.tsv")(check)
app.command(epilog="Example: carabin lexicon diff cardiologie cardiologie.tsv")(diff)
app.command("list", epilog="Example: carabin lexicon list --model whisper")(list_)
app.command(epilog="Example: carabin lexicon show cardiologie --model whisper")(show)
app.command(epilog='Example: carabin lexicon promote cardio.tsv --reason "new drugs"')(promote)
app.command(epilog='Example: carabin lexicon rollback cardio --reason "other ward"')(rollback)
app.command(epilog='Example: carabin lexicon withdraw cardio --reason "names in it"')(withdraw)
