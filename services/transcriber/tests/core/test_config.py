"""What a client may choose: a value out of range is refused by name, at once."""

import pytest
from carabin.transcriber.core.config import SessionConfig, VadConfig
from carabin.transcriber.core.errors import InvalidConfig


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [("threshold", 0.05, 0.95), ("min_silence_s", 0.1, 5.0), ("speech_pad_s", 0.0, 1.0), ("min_speech_s", 0.0, 2.0)],
)
def test_a_vad_value_is_taken_up_to_both_ends_of_its_range_and_no_further(field: str, low: float, high: float) -> None:
    for value in (low, high):
        assert getattr(VadConfig(**{field: value}), field) == value
    for value in (low - 0.01, high + 0.01, float("nan")):
        with pytest.raises(InvalidConfig, match=f"vad {field} is .*: use {low} to {high}"):
            VadConfig(**{field: value})


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_probability_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(InvalidConfig, match=r"no_speech_threshold is .*: use 0\.0 to 1\.0"):
        SessionConfig(no_speech_threshold=value)


def test_a_task_that_whisper_does_not_have_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="task 'summarise' is neither"):
        SessionConfig(task="summarise")  # type: ignore[arg-type]
    assert SessionConfig(task="translate").task == "translate"


@pytest.mark.parametrize("field", ["initial_prompt", "hotwords"])
def test_a_prompt_that_would_hold_up_other_sessions_is_refused_with_its_limit(field: str) -> None:
    assert len(getattr(SessionConfig(**{field: "mot " * 2000}), field)) == 8000
    with pytest.raises(InvalidConfig, match=f"{field} has 9000 characters: 8000 are allowed"):
        SessionConfig(**{field: "x" * 9000})


def test_more_names_than_a_prompt_can_hold_are_refused() -> None:
    words = [f"mot{i}" for i in range(200)]
    assert SessionConfig(hotwords="; ".join(words), vocabularies=tuple(words)).hotword_list == words
    with pytest.raises(InvalidConfig, match="hotwords has 201 entries: 200 are allowed"):
        SessionConfig(hotwords="\n".join([*words, "un de plus"]))
    with pytest.raises(InvalidConfig, match="vocabularies has 201 entries: 200 are allowed"):
        SessionConfig(vocabularies=("cardiologie",) * 201)
