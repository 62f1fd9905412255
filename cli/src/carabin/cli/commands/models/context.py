"""Which model and version a `carabin models` command speaks of, and who changes it why."""

import getpass
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from carabin.registry.artifacts.publish import list_models
from carabin.registry.connect import connect, store_settings
from carabin.registry.errors import RegistryError, VersionMissing
from carabin.registry.layout import is_safe_name, manifest_key, versions_prefix
from carabin.registry.store import ObjectStore

MAX_REASON: Final = 500
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Control characters, and all at which a line may end."""


def one_line(text: str) -> str:
    """Return the text with each run of control characters and line breaks as one space, and none around it."""
    return _CONTROL.sub(" ", text).strip()


def _reason(given: str) -> str:
    """Return a reason as one line.

    Raises:
        typer.BadParameter: it is too long for a log that is read.
    """
    reason = one_line(given)
    if len(reason) > MAX_REASON:
        raise typer.BadParameter(f"it has {len(reason):,} characters, more than the {MAX_REASON} that the log takes")
    return reason


def _by(given: str | None) -> str | None:
    return None if given is None else one_line(given)


def who_changes(by: str | None) -> str:
    """Return who stands in the log: the one that `--by` names, else the user of this machine.

    Raises:
        typer.BadParameter: nobody is named, and the machine knows no name, as a container of any user's number.
    """
    try:
        return by or getpass.getuser()
    except (KeyError, OSError, ImportError) as error:  # of the password database, by the release of Python
        raise typer.BadParameter("this machine has no name for its user: name yourself", param_hint="--by") from error


Name = Annotated[
    str | None,
    typer.Option("--model", "-m", envvar="CARABIN_MODEL", help="Model name; needless where there is only one."),
]
Version = Annotated[str, typer.Argument(help="A version, the part of one that no other has, or `latest`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print for machines.")]
Reason = Annotated[
    str, typer.Option("--reason", callback=_reason, help="Why; it goes into the promotion log for good.")
]
By = Annotated[str | None, typer.Option("--by", callback=_by, help="Who; by default the user of this machine.")]


class AmbiguousName(RegistryError):
    """What was typed names nothing, or more than one thing."""


@dataclass(frozen=True, slots=True)
class Context:
    """The store and the model that a command works on."""

    store: ObjectStore
    bucket: str
    name: str

    def version(self, text: str) -> str:
        """Return the one version that `text` names."""
        versions = self.store.folders(self.bucket, versions_prefix(self.name))
        if text == "latest":  # one that is being published has no manifest yet
            versions = [next((each for each in reversed(versions) if self._is_visible(each)), "")]
        return pick_version(self.name, [version for version in versions if is_safe_name(version)], text)

    def _is_visible(self, version: str) -> bool:
        return is_safe_name(version) and self.store.exists(self.bucket, manifest_key(self.name, version))


def open_context(name: str | None) -> Context:
    """Connect, and find the model.

    Raises:
        AmbiguousName: several models are there and none was named.
        VersionMissing: none is there.
    """
    settings = store_settings()
    store = connect(settings)
    return Context(store, settings.models_bucket, name or _only_model(store, settings.models_bucket))


def open_known(name: str | None) -> Context:
    """Connect, and find a model that holds versions, for commands that would show nothing of any other.

    Raises:
        AmbiguousName: several models are there and none was named.
        VersionMissing: the one that was named is not there.
    """
    context = open_context(name)
    if name:
        require_known(context)
    return context


def require_known(context: Context) -> None:
    """Refuse a model that holds no version: its name is mistyped, where nothing else was found under it.

    Raises:
        VersionMissing: it holds none; the sentence names those that do.
    """
    names = list_models(context.store, context.bucket)
    if context.name not in names:
        held = f"it holds {', '.join(names)}" if names else "it holds none"
        raise VersionMissing(f"the bucket {context.bucket} holds no model {context.name!r}; {held}")


def pick_version(name: str, versions: Sequence[str], text: str) -> str:
    """Return the version called `text`, or the one that contains it; `latest` is the newest.

    Raises:
        VersionMissing: no version contains it.
        AmbiguousName: several do; the sentence names them.
    """
    if text in versions:
        return text
    if text == "latest" and versions:
        return versions[-1]
    found = [version for version in versions if text and text in version]
    if len(found) == 1:
        return found[0]
    if not found:
        raise VersionMissing(f"{name} has no version {text!r}; `carabin models list` shows them")
    raise AmbiguousName(f"{text!r} names {len(found)} versions of {name}: {', '.join(found)}")


def _only_model(store: ObjectStore, bucket: str) -> str:
    names = list_models(store, bucket)
    if not names:
        raise VersionMissing(f"the bucket {bucket} holds no model yet: `carabin export` or `carabin demo` makes one")
    if len(names) > 1:
        raise AmbiguousName(f"there are {len(names)} models: {', '.join(names)}; choose one with --model")
    return names[0]
