"""Every check that a converted folder must pass before it may be published."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from carabin.ct2whisper.weights import Check
from carabin.registry.serving_window import WindowPolicy

from ..conversion.checkpoint_gate import CheckpointFacts
from ..conversion.ct2_folder import inspect_ct2, stored_quantization
from ..errors import ConversionRefused
from .decode import ModelDecoder, Transcribed
from .load import LoadedModel
from .parity import Reference, compare
from .perturb import perturb
from .result import Validated
from .samples import Sample
from .smoke import choose_smoke, store_smoke
from .window import measure_window


@dataclass(frozen=True, slots=True)
class ConvertedForm:
    """A folder on its way to being a version."""

    form: str
    """The quantization asked for."""
    folder: Path
    facts: CheckpointFacts


class Validator:
    """Validates the forms of one checkpoint; what they share is computed once.

    Args:
        checkpoint: what they were converted from; None where only a converted folder came, and nothing to compare with.
        trained: the audio context that it was trained with.
    """

    def __init__(
        self, samples: Sequence[Sample], language: str, checkpoint: Path | None, trained: WindowPolicy
    ) -> None:
        self._samples, self._language, self._trained = samples, language, trained
        self._reference = Reference(checkpoint, language) if checkpoint else None
        self._window: WindowPolicy | None = None

    def validate(self, candidate: ConvertedForm, check: Check) -> Validated:
        """Run every check on one form and leave its smoke dictation in its folder.

        Raises:
            ConversionRefused: with the first reason found.
        """
        folder = candidate.folder
        if (found := inspect_ct2(folder)) != candidate.facts:
            raise ConversionRefused(folder, f"its files say {found}, its checkpoint {candidate.facts}")
        quantization = stored_quantization(folder)
        loaded = LoadedModel(folder)
        decoder = ModelDecoder(loaded.whisper, folder, self._language)
        transcribed = decoder.decode_all(self._samples)
        check()
        metrics = {}
        if self._reference:

            def transcribe(variation: int) -> Sequence[Transcribed]:
                return (
                    decoder.decode_all([perturb(sample, variation) for sample in self._samples])
                    if variation
                    else transcribed
                )

            parity = compare(folder, transcribe, self._reference.of, exact=quantization == "float32", check=check)
            self._reference.release()
            metrics = {"export_wer_increase": parity.wer_increase, "export_words": float(parity.words)}
        if self._window is None:
            self._window = measure_window(folder, decoder, transcribed, self._trained)
        check()
        smoke = choose_smoke(loaded, decoder, transcribed, self._window, self._language)
        store_smoke(smoke, folder)
        return Validated(quantization, candidate.facts, smoke, self._window, metrics)
