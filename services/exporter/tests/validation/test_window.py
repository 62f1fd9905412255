"""The encoder window that a model bears: the policy grows until no sample repeats itself."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from carabin.exporter.errors import ConversionRefused
from carabin.exporter.validation.decode import DecodedText, Mel, ModelDecoder
from carabin.exporter.validation.window import measure_window
from carabin.registry.serving_window import BUCKETS, WindowPolicy

from ..helpers.transcripts import hypothesis, transcribed

FOLDER = Path("model")


STOCK = WindowPolicy(min_frames=750, margin_frames=300)


@dataclass
class FakeDecoder:
    """Repeats itself whenever the window is below `floor` or outlasts the speech by less than `margin`."""

    floor: int
    margin: int
    windows: list[int] = field(default_factory=list)

    def decode(self, mel: Mel, window: int = 3000) -> DecodedText:
        self.windows.append(window)
        loops = window < self.floor or window - mel.shape[1] < self.margin
        return hypothesis("encore " * 40 if loops else "pas de fièvre", capped=loops)


def measure(fake: FakeDecoder, *n_frames: int, trained: WindowPolicy = STOCK) -> WindowPolicy:
    cases = [transcribed("pas de fièvre", hypothesis("pas de fièvre"), n) for n in n_frames]
    return measure_window(FOLDER, cast(ModelDecoder, fake), cases, trained)


def test_a_model_that_bears_its_own_policy_keeps_it() -> None:
    assert measure(FakeDecoder(200, 10), 150, 600) == STOCK
    tight = WindowPolicy(min_frames=300, margin_frames=50)
    assert measure(FakeDecoder(300, 50), 150, 600, trained=tight) == tight


def test_the_floor_grows_for_short_speech_and_the_margin_for_long() -> None:
    assert measure(FakeDecoder(1000, 10), 150) == WindowPolicy(min_frames=1000, margin_frames=300)
    assert measure(FakeDecoder(200, 700), 900) == WindowPolicy(min_frames=750, margin_frames=800)


def test_a_model_that_bears_no_cut_gets_the_full_window() -> None:
    policy = measure(FakeDecoder(3000, 0), 150, 900)
    assert [policy.window_for(n_frames) for n_frames in (150, 900)] == [3000, 3000]


def test_a_model_that_repeats_itself_on_everything_is_refused() -> None:
    cases = [transcribed("pas de fièvre", hypothesis("fièvre " * 40))]
    with pytest.raises(ConversionRefused, match="repeats itself on all of its 1 sample"):
        measure_window(FOLDER, cast(ModelDecoder, FakeDecoder(0, 0)), cases, STOCK)


@dataclass
class OtherText:
    """Writes one text in every window below 30 s."""

    text: str

    def decode(self, mel: Mel, window: int = 3000) -> DecodedText:
        del mel, window
        return hypothesis(self.text)


def test_a_window_that_writes_more_of_what_was_said_than_the_full_one_is_kept() -> None:
    case = transcribed("pas de fièvre ce soir", hypothesis("pas deux lièvres se voir"), 400)
    better = OtherText("pas de fièvre ce voir")
    assert measure_window(FOLDER, cast(ModelDecoder, better), [case], STOCK) == STOCK


def test_a_window_that_costs_the_sentence_is_widened_though_the_text_is_no_repetition() -> None:
    case = transcribed("pas de fièvre ce soir", hypothesis("pas de fièvre ce soir"), 900)
    wider = measure_window(FOLDER, cast(ModelDecoder, OtherText("un arbre dans la cour")), [case], STOCK)
    assert wider.window_for(900) == 3000


def test_only_windows_that_are_served_are_decoded() -> None:
    fake = FakeDecoder(200, 700)
    measure(fake, 350, 900)
    assert set(fake.windows) <= set(BUCKETS)
