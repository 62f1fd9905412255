"""A form against its checkpoint: word errors beyond the margin are refused, on words enough to decide."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from carabin.exporter.errors import ConversionRefused
from carabin.exporter.validation.decode import DecodedText, Transcribed
from carabin.exporter.validation.parity import Parity, compare

from ..helpers.transcripts import hypothesis, transcribed

FOLDER = Path("model")


SENTENCE = " ".join(f"mot{number}" for number in range(100))


def worse_by(words: int) -> str:
    return " ".join(f"faux{number}" if number < words else f"mot{number}" for number in range(100))


def judge(*worse: int, checkpoint: int = 0) -> tuple[float, int, int]:
    """Compare a form that is wrong in so many words of each variation's hundred; return increase, words, variations."""
    asked: list[int] = []

    def transcribe(number: int) -> list[Transcribed]:
        asked.append(number)
        return [transcribed(SENTENCE, hypothesis(worse_by(worse[number])))]

    def decode_reference(_: int, each: Sequence[Transcribed]) -> list[DecodedText]:
        return [hypothesis(worse_by(checkpoint)) for _ in each]

    parity = compare(FOLDER, transcribe, decode_reference, exact=False)
    return round(parity.wer_increase, 6), parity.words, len(asked)


def test_a_form_that_writes_what_its_checkpoint_writes_is_measured_once() -> None:
    assert judge(7, checkpoint=7) == (0.0, 100, 1)
    assert judge(6, checkpoint=7) == (-0.01, 100, 1)


def test_a_word_that_falls_the_other_way_is_judged_on_words_enough() -> None:
    assert judge(1, 0, 0, 0) == (0.0025, 400, 4)
    assert judge(1, 0, 1, 0) == (0.005, 400, 4)
    assert judge(2, 1, 0, 0, checkpoint=1) == (-0.0025, 400, 4)


def test_the_margin_is_half_a_point_however_often_it_was_measured() -> None:
    with pytest.raises(
        ConversionRefused, match=r"3 word errors more than its checkpoint on 400 words, 2\.0 may be on 400"
    ):
        judge(1, 1, 0, 1)


def test_a_form_that_is_plainly_worse_is_refused_at_the_first_measurement() -> None:
    with pytest.raises(
        ConversionRefused, match=r"3 word errors more than its checkpoint on 100 words, 2\.0 may be on 400"
    ):
        judge(3)


def test_half_a_point_is_the_margin_on_many_words_at_once() -> None:
    sentence = " ".join(f"mot{number}" for number in range(800))

    def judge_many(wrong: int) -> Parity:
        said = " ".join(f"faux{number}" if number < wrong else f"mot{number}" for number in range(800))
        case = [transcribed(sentence, hypothesis(said))]
        return compare(FOLDER, lambda _: case, lambda *_: [hypothesis(sentence)], exact=False)

    assert judge_many(4) == Parity(pytest.approx(0.005), 800)
    with pytest.raises(ConversionRefused, match="5 word errors more"):
        judge_many(5)


def test_float32_must_write_the_very_tokens() -> None:
    with pytest.raises(
        ConversionRefused, match="words of one than its checkpoint: 1 tokens and 1, of which the first 0 are"
    ):
        compare(FOLDER, lambda _: [transcribed("a", hypothesis("a", 1))], lambda *_: [hypothesis("a", 2)], exact=True)
