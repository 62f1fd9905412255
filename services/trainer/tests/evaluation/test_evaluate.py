"""The score of a real model, through the decoder that serves it."""

from pathlib import Path

import numpy as np
import pytest
from carabin.registry.serving_window import WindowPolicy
from carabin.trainer.data.dictations import Dictation
from carabin.trainer.errors import EvaluationFailed
from carabin.trainer.evaluation.evaluate import Evaluation, evaluate_model
from carabin.trainer.segmentation.align import WhisperAligner
from carabin.trainer.segmentation.cut import segment
from carabin.trainer.synthesis.engines import PicoEngine
from carabin.trainer.synthesis.spoken_text import spoken
from carabin.trainer.synthesis.voices import SPEAKERS

MEDICAL = (
    "Hypertension artérielle équilibrée sous amlodipine 10 mg et ramipril 5 mg.",
    "Absence d'ictère, abdomen souple, foie palpé deux travers de doigt sous l'auvent costal.",
)
GENERAL = "Le repas de midi sera servi sous les grands arbres."


def speak(text: str) -> Dictation:
    audio = PicoEngine().speak(spoken(text), SPEAKERS[1])
    return Dictation(audio, text, "pico", len(audio) / 16_000, "0" * 64)


@pytest.fixture(scope="module")
def evaluation(base_model: Path) -> Evaluation:
    return evaluate_model(
        base_model,
        [speak(text) for text in MEDICAL],
        terms=["amlodipine", "ramipril", "ictère", "abdomen"],
        general=[speak(GENERAL)],
        beam_size=1,
        window=WindowPolicy(min_frames=600, margin_frames=200),
    )


def test_a_stock_model_recognises_everyday_french_and_misses_medicine(evaluation: Evaluation) -> None:
    metrics = evaluation.metrics
    assert metrics["general_wer"] < 0.4 < metrics["wer"] + 0.4 < 1.4
    assert metrics["term_recall"] < 1
    assert metrics["critical_errors"] >= metrics["critical_drug"] >= 1
    assert metrics["wer_low"] <= metrics["wer"] <= metrics["wer_high"]
    assert metrics["wer_no_accents"] <= metrics["wer"] <= metrics["wer_raw"] + 0.2
    assert 0 < metrics["cer"] < metrics["wer"]


def test_each_dictation_keeps_its_own_score(evaluation: Evaluation) -> None:
    assert [row.reference for row in evaluation.rows] == list(MEDICAL)
    assert [row.terms.total for row in evaluation.rows] == [2, 2]
    assert [row.reference for row in evaluation.general_rows] == [GENERAL]
    assert sum(row.words.errors for row in evaluation.rows) / sum(
        row.words.total for row in evaluation.rows
    ) == pytest.approx(evaluation.metrics["wer"])
    assert len(evaluation.silence) == 6
    assert all(len(text) < 600 for text in evaluation.silence.values())


def test_a_model_is_not_scored_on_nothing(base_model: Path) -> None:
    with pytest.raises(EvaluationFailed, match="no dictation"):
        evaluate_model(base_model, [], terms=[])


def test_a_long_dictation_is_cut_where_its_sentences_end(base_model: Path) -> None:
    sentences = (
        "Le scanner thoracique ne montre pas de lésion du poumon droit.",
        "La tension artérielle est normale et le patient va bien.",
        "Le bilan sanguin sera contrôlé dans trois semaines.",
        "Je propose de poursuivre le traitement à la même dose.",
        "La marche est possible sans canne depuis deux jours.",
        "Une consultation est prévue au mois de janvier avec le chirurgien.",
        "La radiographie de contrôle est satisfaisante ce matin.",
        "Il n'y a pas de fièvre et la plaie est propre.",
        "Les résultats ont été expliqués à la patiente et à sa famille.",
    )
    silence = np.zeros(11_200, np.float32)
    parts = [part for sentence in sentences for part in (speak(sentence).audio, silence)]
    samples = np.concatenate(parts)
    assert len(samples) / 16_000 > 31
    pieces = segment(samples, " ".join(sentences), WhisperAligner(base_model).align(samples))
    assert len(pieces) >= 2
    assert " ".join(piece.text for piece in pieces) == " ".join(sentences)
    ends = [piece.text.rsplit(" ", 1)[-1] for piece in pieces]
    assert all(end.endswith(".") for end in ends), [piece.text for piece in pieces]
