"""`carabin doctor`: what a service needs on this machine; in an image it is `python -m carabin.service.doctor`."""

from carabin.service.doctor.command import main


def app(args: list[str], prog_name: str, standalone_mode: bool) -> int:  # noqa: ARG001 - called as a Typer app is
    """Run the command; 0 where nothing keeps a service from working."""
    return main(args, prog_name)
