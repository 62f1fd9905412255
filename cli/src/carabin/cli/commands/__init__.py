"""One module or package a command; each has a Typer `app`."""
