"""Long dictations are cut at pauses and every word of the report lands in the piece where it was spoken."""

import numpy as np
import pytest
from carabin.trainer.data.audio import RATE_HZ
from carabin.trainer.segmentation.cut import MAX_PIECE_S, CannotSegment, RecognizedWord, place_words, segment

from ..helpers.sounds import bursts

SENTENCE = "Patient revu ce jour, scanner sans anomalie, on poursuit le traitement à l'identique."
WORDS = SENTENCE.split()
BURST_S, PAUSE_S = 6.0, 0.6


def dictated(count: int, wrong: frozenset[int] = frozenset()) -> tuple[np.ndarray, str, list[RecognizedWord]]:
    """Return a dictation of `count` sentences of 6 s with pauses between, its report, and what was recognized."""
    samples = bursts([BURST_S] * count, PAUSE_S)
    written, recognized = [], []
    for number in range(count):
        for place, word in enumerate(f"{word}{number}" if word == "Patient" else word for word in WORDS):
            start = number * (BURST_S + PAUSE_S) + place * BURST_S / len(WORDS)
            written.append(word)
            if number * len(WORDS) + place not in wrong:
                recognized.append(RecognizedWord(f" {word}", start, start + 0.3))
    return samples, " ".join(written), recognized


def test_no_word_is_lost_and_each_piece_holds_whole_sentences() -> None:
    samples, text, recognized = dictated(8)
    pieces = segment(samples, text, recognized)
    assert " ".join(piece.text for piece in pieces) == text
    assert all(piece.end_s - piece.start_s <= MAX_PIECE_S for piece in pieces)
    assert all(piece.text.startswith("Patient") and piece.text.endswith("identique.") for piece in pieces)
    assert [piece.start_s for piece in pieces[1:]] == [piece.end_s for piece in pieces[:-1]]
    assert sum(len(piece.of(samples)) for piece in pieces) == len(samples)


def test_words_that_the_recogniser_missed_are_placed_between_those_it_recognised() -> None:
    samples, text, recognized = dictated(6, wrong=frozenset({3, 4, 17, 30}))
    assert [p.text for p in segment(samples, text, recognized)] == [
        p.text for p in segment(samples, text, dictated(6)[2])
    ]
    placed = place_words("un deux trois", [RecognizedWord("un", 0.0, 0.4), RecognizedWord("trois", 2.0, 2.4)], 3.0)
    assert [round(word.middle_s, 1) for word in placed] == [0.2, 1.2, 2.2]
    assert [word.anchored for word in placed] == [True, False, True]


def test_digits_and_words_are_the_same_number() -> None:
    placed = place_words("Amoxicilline 500 mg", [RecognizedWord("amoxicilline", 0, 1), RecognizedWord("500", 1, 2), RecognizedWord("milligrammes", 2, 3)], 3.0)  # fmt: skip  # noqa: E501
    assert placed[1].anchored


def test_a_report_of_another_patient_is_not_laid_along_the_recording() -> None:
    samples, _, recognized = dictated(6)
    with pytest.raises(CannotSegment, match="of its report is recognised in it: they do not belong together"):
        segment(samples, "Il pleut souvent en Bretagne et les bateaux rentrent au port avant la nuit. " * 5, recognized)


def test_speech_without_a_pause_is_not_cut() -> None:
    samples = bursts([45.0])
    words = [RecognizedWord(f"mot{n}", n, n + 0.5) for n in range(45)]
    with pytest.raises(CannotSegment, match=r"has no pause between 4\.0 s and 28\.0 s|has no pause between 0\.0 s"):
        segment(samples, " ".join(word.text for word in words), words)


def test_a_pause_between_unrecognised_words_is_not_trusted() -> None:
    samples, text, recognized = dictated(5)
    edge = 4 * (BURST_S + PAUSE_S) - PAUSE_S / 2
    assert any(abs(piece.end_s - edge) < 0.2 for piece in segment(samples, text, recognized))
    deaf = [word for word in recognized if abs(word.start_s - edge) > 1.6]
    cuts = [piece.end_s for piece in segment(samples, text, deaf)][:-1]
    assert all(abs(cut - edge) > 1 for cut in cuts)


@pytest.mark.parametrize("first", ["ankylosante", None])
def test_a_pause_next_to_a_word_without_a_time_is_not_trusted(first: str | None) -> None:
    """« Spondylarthrite ankylosante », spoken behind the first pause, is recognised in part or not at all."""
    samples = np.concatenate([bursts([14.0]), np.zeros(2 * RATE_HZ, np.float32), bursts([8.0, 16.0], 0.6)])
    recognized = [RecognizedWord(f"mot{n}", n, n + 0.8) for n in range(14)]
    recognized += [RecognizedWord(first, 16.1, 17.0)] if first else []
    recognized += [RecognizedWord(f"suite{n}", 17.2 + n, 17.9 + n) for n in range(6)]
    recognized += [RecognizedWord(f"fin{n}", 24.8 + n, 25.5 + n) for n in range(14)]
    names = [word.text for word in recognized if word.text != first]
    pieces = segment(samples, " ".join([*names[:14], "Spondylarthrite", "ankylosante", *names[14:]]), recognized)
    assert [piece.text.split()[0] for piece in pieces] == ["mot0", "fin0"]


def test_where_no_pause_can_be_trusted_it_is_said_and_nothing_is_cut() -> None:
    samples = bursts([14.0, 16.0], 1.0)
    recognized = [RecognizedWord(f"mot{n}", n, n + 0.8) for n in range(14)]
    recognized += [RecognizedWord(f"fin{n}", 15.2 + n, 15.9 + n) for n in range(15)]
    names = [word.text for word in recognized]
    with pytest.raises(CannotSegment, match=r"has no pause between .* where its text can be cut"):
        segment(samples, " ".join([*names[:14], "oublié", *names[14:]]), recognized)
