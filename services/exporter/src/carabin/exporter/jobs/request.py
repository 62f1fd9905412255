"""What an export is asked to do, and what it reports while it does so."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from carabin.ct2whisper.quantize import FORMS
from carabin.registry.layout import safe_name

from ..errors import RequestInvalid
from ..sources import CheckpointSource, Ct2Folder
from ..validation.samples import Sample

AS_IT_IS: Final = "as it is"
"""The one form of an imported CTranslate2 folder, whose quantization is known once it was read."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export, as what, in which forms.

    Raises:
        RequestInvalid: a form that cannot be.
        UnsafePath: a name that cannot be.
    """

    source: CheckpointSource
    name: str
    quantizations: tuple[str, ...] = ("float16",)
    language: str = "fr"
    samples: tuple[Sample, ...] = ()
    """Dictations to validate it on; none: the checkpoint's own, or the one that ships with the exporter."""
    retry: bool = False
    """Try again although this checkpoint failed before."""

    def __post_init__(self) -> None:
        safe_name(self.name)
        unknown = [form for form in self.quantizations if form not in FORMS]
        if not isinstance(self.source, Ct2Folder) and (unknown or not self.quantizations):
            raise RequestInvalid(f"unknown quantization {', '.join(unknown)!r}; one of {', '.join(FORMS)}")

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms to make, each once; a CTranslate2 folder is published as it is."""
        return (AS_IT_IS,) if isinstance(self.source, Ct2Folder) else tuple(dict.fromkeys(self.quantizations))


@dataclass(frozen=True, slots=True)
class Step:
    """What the exporter does now."""

    stage: str
    """fetch, merge, inspect, convert, prove (validation), publish or done."""
    detail: str


Report = Callable[[Step], None]
