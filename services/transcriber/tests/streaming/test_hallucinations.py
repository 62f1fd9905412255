"""Repetitions and invented text are distinguished from speech, however soft."""

import pytest
from carabin.transcriber.core.config import SAMPLE_RATE_HZ
from carabin.transcriber.inference.engine import Hypothesis
from carabin.transcriber.streaming.hallucinations import is_duplicated, rejection_reason


def hypothesis(text: str, avg_logprob: float = -0.3, no_speech_prob: float = 0.05, n_tokens: int = 8) -> Hypothesis:
    return Hypothesis(text, (), avg_logprob, no_speech_prob, n_tokens, False, "fr", 1.0)


@pytest.mark.parametrize(
    "sound",
    [
        hypothesis(" Le patient présente une douleur thoracique depuis ce matin."),
        hypothesis(" Oui."),
        hypothesis(" Pas de fièvre.", avg_logprob=-1.26, no_speech_prob=0.2),
        hypothesis(" Non.", avg_logprob=-0.9, no_speech_prob=0.9),
        hypothesis(" Le patient regarde la télévision le soir et dit au médecin merci d'avoir regardé son dossier"),
    ],
)
def test_speech_passes(sound: Hypothesis) -> None:
    assert rejection_reason(sound, 3 * SAMPLE_RATE_HZ, 0.45) is None


@pytest.mark.parametrize(
    ("invented", "reason"),
    [
        (hypothesis(" C'est très bon !", -1.63, 0.69), "improbable"),
        (hypothesis(" C'est pas ça.", -1.25, 0.68), "no_speech"),
        (hypothesis(" non non" * 20, -0.4, 0.0, 40), "repetitive"),
        (hypothesis(" Le foie est de taille normale", -0.4, 0.0, 60), "too_long"),
        (hypothesis(" Sous-titrage Société Radio-Canada", -0.2, 0.1), "credits"),
        (hypothesis(" ... ...", -0.2, 0.1), "empty"),
    ],
)
def test_invented_text_does_not(invented: Hypothesis, reason: str) -> None:
    assert rejection_reason(invented, 3 * SAMPLE_RATE_HZ, 0.45) == reason


@pytest.mark.parametrize("text", [" D-dimères négatives. D-dimères négatives.", " Pas de toux, pas de toux"])
def test_words_said_twice_over_are_noticed(text: str) -> None:
    assert is_duplicated(text)


@pytest.mark.parametrize("text", ["", " Non.", " Non, non.", " Pas de toux, pas de fièvre.", " Oui oui oui."])
def test_words_that_people_say_are_not_taken_for_doubled(text: str) -> None:
    assert not is_duplicated(text)
