"""Our measures as a module of Hugging Face's `evaluate`, for whoever compares models outside of Carabin.

    measures = evaluate.load("services/trainer/src/carabin/trainer/evaluation/measures", keep_in_memory=True)
    measures.compute(predictions=["..."], references=["..."])

`keep_in_memory` matters: without it `evaluate` writes the texts, which somebody dictated, into its cache.
"""

from collections.abc import Sequence

import datasets
import evaluate
from carabin.trainer.evaluation.text_scores import rates, score_text
from carabin.trainer.text.terms import TermIndex, load_terms


class Measures(evaluate.Metric):  # type: ignore[misc]
    """Normalised word and character error rates, term recall and critical errors of French medical transcripts."""

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="Error rates after French medical normalisation, recall of medical terms, and critical errors: "
            "a drug, a dose, a side or a negation that was lost, changed or made up.",
            citation="",
            inputs_description="predictions and references: texts; terms: medical terms, the bundled list by default.",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(
        self, predictions: Sequence[str], references: Sequence[str], terms: Sequence[str] | None = None
    ) -> dict[str, float]:
        index = TermIndex(load_terms() if terms is None else terms)
        scores = [score_text(said, written, index) for said, written in zip(references, predictions, strict=True)]
        return rates(scores)
