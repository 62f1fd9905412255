"""How weights are scored: on what, in which window, with which beam, and what is left on the disk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carabin.registry.serving_window import WindowPolicy
from carabin.trainer.data.dictations import Dictation
from carabin.trainer.errors import Stopped
from carabin.trainer.evaluation.evaluate import Evaluation
from carabin.trainer.finishing import candidate_evaluation
from carabin.trainer.finishing.candidate_evaluation import CandidateEvaluator, EvaluationSets
from carabin.trainer.finishing.window_search import SAFE_WINDOW
from carabin.trainer.models.ct2_export import write_ct2
from carabin.trainer.models.whisper import load_whisper, merged_state
from carabin.trainer.runtime.progress import Progress

from ..helpers.training import EventRecorder, settings

WINDOW = WindowPolicy(min_frames=200, margin_frames=100)


def dictations(*lengths_s: float, sentence: str = "Toux.") -> list[Dictation]:
    draw = np.random.default_rng(0)
    return [
        Dictation(
            draw.normal(0, 0.1, int(16_000 * length)).astype(np.float32), f"{sentence} {place}", None, length, "0"
        )
        for place, length in enumerate(lengths_s)
    ]


SETS = EvaluationSets(
    validation=dictations(0.5, 1.5, 0.5, 0.5),
    general_validation=dictations(0.5, 0.5, sentence="Bonjour."),
    test=dictations(0.5, sentence="Fièvre."),
    general_test=dictations(0.5, sentence="Merci."),
    terms=(),
)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What each evaluation was asked for; clips without speech are left out, which are tested elsewhere."""
    asked: list[dict[str, Any]] = []
    honest = candidate_evaluation.evaluate_model

    def evaluate(ct2: Path, medical: Any, **options: Any) -> Evaluation:
        asked.append(options)
        return honest(ct2, medical, **options, silence=False)

    monkeypatch.setattr(candidate_evaluation, "evaluate_model", evaluate)
    return asked


Make = Callable[..., CandidateEvaluator]


@pytest.fixture
def recorder() -> EventRecorder:
    return EventRecorder()


@pytest.fixture
def evaluator_of(tiny: Path, tmp_path: Path, recorder: EventRecorder) -> Make:
    def make(stopped: Callable[[], bool] = lambda: False, **changes: object) -> CandidateEvaluator:
        wanted = settings(tiny, tmp_path, **{"beam_size": 2, "threads": 1, **changes})
        progress = Progress("r", (recorder,))
        return CandidateEvaluator(load_whisper(tiny), tiny, tmp_path, wanted, SETS, progress, stopped)

    return make


def sentences(rows: tuple[Any, ...]) -> list[str]:
    return [row.reference for row in rows]


def test_validation_is_greedy_in_the_window_that_suits_any_whisper(
    evaluator_of: Make, decoded: list[dict[str, Any]], recorder: EventRecorder, tiny: Path
) -> None:
    found = evaluator_of(evaluate_limit=None).validate(merged_state(load_whisper(tiny)), "half of it")
    assert [(each["beam_size"], each["window"]) for each in decoded] == [(1, SAFE_WINDOW)]
    assert sentences(found.rows) == ["Toux. 0", "Toux. 1", "Toux. 2", "Toux. 3"]
    assert sentences(found.general_rows) == ["Bonjour. 0", "Bonjour. 1"]
    events = [event for event in recorder.events if event.phase == "decode: half of it"]
    assert [(event.done, event.total) for event in events] == [(done, 6) for done in range(7)]


def test_a_limit_holds_for_each_set_and_spreads(evaluator_of: Make, decoded: list[dict[str, Any]], tiny: Path) -> None:
    found = evaluator_of(evaluate_limit=2).validate(merged_state(load_whisper(tiny)), "it")
    assert sentences(found.rows) == ["Toux. 0", "Toux. 2"]
    assert len(found.general_rows) == 2
    assert len(decoded) == 1


def test_a_window_is_tried_on_validation_and_on_beginnings_as_short_as_its_floor(
    evaluator_of: Make, decoded: list[dict[str, Any]], tiny: Path, tmp_path: Path
) -> None:
    ct2 = write_ct2(tiny, tmp_path / "ct2")
    result = evaluator_of().validate_window(ct2, WINDOW)
    assert [(each["beam_size"], each["window"]) for each in decoded] == [(1, WINDOW)]
    # A floor of 2 s less 1 s after the speech: of each dictation of both sets at most its first second.
    assert [seconds for _, seconds in result.beginnings] == [0.5, 1.0, 0.5, 0.5, 0.5, 0.5]


def test_the_test_split_is_scored_with_the_beam_that_serves_each_model_in_its_own_window(
    evaluator_of: Make, decoded: list[dict[str, Any]], tiny: Path, tmp_path: Path
) -> None:
    tuned = write_ct2(tiny, tmp_path / "final-ct2")
    stock, after = evaluator_of().test(merged_state(load_whisper(tiny)), tuned, WINDOW)
    assert [(each["beam_size"], each["window"]) for each in decoded] == [(2, SAFE_WINDOW), (2, WINDOW)]
    for found in (stock, after):
        assert (sentences(found.rows), sentences(found.general_rows)) == (["Fièvre. 0"], ["Merci. 0"])
    assert [path.name for path in tmp_path.iterdir()] == ["final-ct2"]


def test_a_stop_is_heeded_between_two_dictations_and_leaves_no_copy_of_the_base(
    evaluator_of: Make, decoded: list[dict[str, Any]], recorder: EventRecorder, tiny: Path, tmp_path: Path
) -> None:
    tuned = write_ct2(tiny, tmp_path / "final-ct2")
    evaluator = evaluator_of(lambda: any(event.done == 1 for event in recorder.events))
    with pytest.raises(Stopped, match="what was learnt is kept"):
        evaluator.test(merged_state(load_whisper(tiny)), tuned, WINDOW)
    assert len(decoded) == 1
    assert max(event.done for event in recorder.events) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["final-ct2"]
