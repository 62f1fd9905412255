"""The smoke dictation: what the transcriber's own window writes, of a sample that the model is sure of."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from carabin.exporter.errors import ConversionRefused
from carabin.exporter.validation.decode import DecodedText, Mel, ModelDecoder, Transcribed
from carabin.exporter.validation.load import LoadedModel, SmokeResult
from carabin.exporter.validation.samples import Sample
from carabin.exporter.validation.smoke import SmokeDictation, choose_smoke
from carabin.registry.serving_window import WindowPolicy

WINDOW = WindowPolicy(min_frames=500, margin_frames=200)


def transcribed(sentence: str, full: str, n_frames: int) -> Transcribed:
    sample = Sample(sentence, np.zeros(n_frames * 160, np.float32), sentence)
    return Transcribed(sample, np.zeros((80, n_frames), np.float32), DecodedText((1,), full, False))


def choose(cases: list[Transcribed], served: dict[int, str], with_timestamps: str = "oui") -> SmokeDictation:
    """`served` gives by window what the model writes there."""

    def decode(_: Mel, window: int) -> DecodedText:
        return DecodedText((1,), served[window], False)

    def write_both(*_: Any) -> SmokeResult:
        return SmokeResult(with_timestamps, "oui")

    model = cast(LoadedModel, SimpleNamespace(folder=Path("model"), write_both=write_both))
    return choose_smoke(model, cast(ModelDecoder, SimpleNamespace(decode=decode)), cases, WINDOW, "fr")


def test_the_expectation_is_what_the_served_window_writes() -> None:
    assert choose([transcribed("pas de toux", "pas de doux", 400)], {750: "pas de tout"}).text == "pas de tout"


def test_a_steady_sample_is_taken_before_a_better_one() -> None:
    cases = [transcribed("pas de toux", "pas de toux", 400), transcribed("aucune fracture", "aucun facteur", 600)]
    assert choose(cases, {750: "passe de tout", 1000: "aucun facteur"}).sample.name == "aucune fracture"


def test_the_steadiest_is_taken_where_none_is_steady() -> None:
    cases = [
        transcribed("pas de toux", "pas de toux", 400),
        transcribed("aucune fracture ce jour", "aucune fracture", 600),
    ]
    assert choose(cases, {750: "elle est là", 1000: "aucune facture"}).text == "aucune facture"


def test_a_model_that_writes_in_one_timestamp_mode_only_is_refused() -> None:
    with pytest.raises(ConversionRefused, match="writes nothing of any of its 1 sample"):
        choose([transcribed("pas de toux", "pas de toux", 400)], {750: "pas de toux"}, with_timestamps="")
