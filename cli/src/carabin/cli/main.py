"""`carabin`: finds the command that was asked for and imports nothing else.

A workstation that only dictates needs no torch, a server that only serves needs no training libraries.
"""

import errno
import importlib
import sys
from types import MappingProxyType
from typing import Final

from carabin.registry.errors import CarabinError
from carabin.service.shortage import is_shortage

from .interruption import INTERRUPTED

COMMANDS: Final = MappingProxyType(
    {
        "store": "Run the embedded object store on this machine",
        "dataset": "Make, check and list datasets of dictations",
        "train": "Fine-tune Whisper on a dataset",
        "export": "Turn checkpoints into validated model versions",
        "models": "List, compare, promote and roll back model versions",
        "evaluate": "Compare model versions on held-out dictations",
        "serve": "Serve the production model to dictation clients",
        "dictate": "Dictate a file or the microphone to a server",
        "lexicon": "Make, check, promote and roll back the hospital's own words",
        "vocabulary": "Publish and list short lists that sessions name",
        "corrections": "Show, and delete, what is kept of corrections",
        "settings": "Print every setting of a service, with its meaning",
        "doctor": "Say what this machine lacks for a service, and what to do",
        "demo": "Show the whole loop on this machine",
    }
)
"""Each command is the Typer `app` of the module of its name in `carabin.cli.commands`, but for `_MODULES`."""

_MODULES: Final = MappingProxyType({"demo": "carabin.cli.demo"})
"""The demo stands above the commands, because it runs them."""

REFUSED, WRONG_USAGE = 1, 2
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a write says for which there is no room. Where the file was open already, it does not say which file."""
_STANDS: Final = "what this command did before that stands"


def main(arguments: list[str] | None = None) -> int:
    """Run one command: 0 done, 1 refused or failed with one sentence, 2 wrong usage, 130 interrupted."""
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else REFUSED if end.code else 0
    except CarabinError as error:
        return _fail(str(error), REFUSED)
    except OSError as error:
        if error.filename is not None:
            return _fail(f"{error.filename} cannot be used: {error.strerror or error}", REFUSED)
        if error.errno in _FULL:
            return _fail(f"the output cannot be written: {error.strerror}; {_STANDS}", REFUSED)
        if not is_shortage(error):
            raise
        return _fail(_short(error), REFUSED)
    except MemoryError:
        return _fail(f"this machine is short of memory; {_STANDS}", REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if not is_shortage(error):
            raise
        return _fail(_short(error), REFUSED)


def _short(error: Exception) -> str:
    return f"this machine, or a limit of this process, gives no more memory, threads or open files ({error}); {_STANDS}"


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(_help())
        sys.stdout.flush()
        return 0 if arguments else WRONG_USAGE
    name, *rest = arguments
    if name not in COMMANDS:
        return _fail(f"there is no command {name!r}; `carabin --help` lists them", WRONG_USAGE)
    try:
        app = importlib.import_module(_MODULES.get(name, f"carabin.cli.commands.{name}")).app
    except ModuleNotFoundError as error:
        return _lacking(name, error)
    try:
        return int(app(args=rest, prog_name=f"carabin {name}", standalone_mode=True) or 0)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("carabin."):
            raise
        return _lacking(name, error)


def _lacking(name: str, error: ModuleNotFoundError) -> int:
    return _fail(f"`carabin {name}` needs the package {error.name}, which is not installed here", REFUSED)


def _fail(sentence: str, code: int) -> int:
    sys.stderr.write(f"carabin: {sentence}\n")
    return code


def _help() -> str:
    lines = [f"  {name:<13}{text}" for name, text in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: carabin COMMAND [OPTIONS]",
            "",
            "Fine-tune Whisper on a hospital's dictations, promote models, and dictate live.",
            "",
            *lines,
            "",
            "`carabin COMMAND --help` explains one. Example: carabin models list",
            "",
        ]
    )
