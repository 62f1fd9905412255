"""An upload gets the model that it names, or a clear refusal."""

import pytest
from carabin.transcriber.core.errors import UnknownModel
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.wire.model_choice import chosen_model, is_served


@pytest.mark.parametrize("asked", [None, "", "whisper-1", "gpt-4o-transcribe", "large-v3"])
def test_with_one_model_every_name_means_it(asked: str | None) -> None:
    assert chosen_model(asked, FakeTranscriber()) is None


@pytest.mark.parametrize(
    ("asked", "chosen"), [("radiologie", "radiologie"), ("fake", "fake"), (None, None), ("whisper-1", None)]
)
def test_with_several_the_name_chooses_and_openais_placeholder_means_the_default(
    asked: str | None, chosen: str | None
) -> None:
    assert chosen_model(asked, FakeTranscriber(others=("radiologie",))) == chosen


def test_with_several_an_unknown_name_is_refused_with_those_that_are_served() -> None:
    with pytest.raises(UnknownModel, match="served: fake, radiologie"):
        chosen_model("dermatologie", FakeTranscriber(others=("radiologie",)))


def test_only_names_of_models_are_served() -> None:
    transcriber = FakeTranscriber(others=("radiologie",))
    assert [is_served(name, transcriber) for name in ("radiologie", "radiologie-1", None)] == [True, False, False]
