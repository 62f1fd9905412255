"""What the lexicon's benches count, and the lexicons that they make, without decoding anything."""

from pathlib import Path

import numpy as np
import pytest
from carabin.client import FinalText
from carabin.lexicon import Entry, Lexicon
from carabin.transcriber.inference.engine import Hypothesis
from carabin.transcriber.models.lexicons import LoadedLexicon

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture(autouse=True)
def bench_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


def test_lexicon_of_a_size_has_so_many_entries_beside_the_terms_and_none_that_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import lexicon_sentences
    from lexicon_sentences import entries_beside

    open_list = Lexicon((Entry("bisoprolol", "drug"), Entry("apixaban")))
    monkeypatch.setattr(lexicon_sentences, "default_lexicon", lambda: open_list)
    lexicon = entries_beside(5_000, ["ramipril"], {"ramipril", "apixaban"})
    texts = [entry.text for entry in lexicon]
    assert len(set(texts)) == len(texts) == 5_001
    assert texts[0] == "ramipril"
    assert "bisoprolol" in texts
    assert "apixaban" not in texts
    assert [entry.text for entry in entries_beside(5_000, ["ramipril"], {"ramipril", "apixaban"})] == texts


def test_harm_is_counted_of_sentences_that_are_not_decoded_twice_as_well() -> None:
    from lexicon_harm import _NotedPass

    loaded = LoadedLexicon(Lexicon((Entry("bisoprolol", "drug"),)), {})
    noted = _NotedPass((loaded,), lambda _: (7,))
    first = Hypothesis(" Sous bisoprolole.", (), -0.1, 0.0, 4, False, "fr", 1.0)
    assert noted.merged(first, None).text == " Sous bisoprolol."
    assert noted.second is None


def runs(*lags_s: float):
    """Return one dictation of two sentences whose finals come so late."""
    from lexicon_live import _Runs
    from live_audio import Speaker, Spoken
    from live_client import Received

    said = Speaker(np.zeros(16_000, np.float32), (Spoken("un deux", 0.0, 2.0), Spoken("trois quatre", 4.0, 6.0)))
    received = Received()
    for sentence, lag_s in zip(said.sentences, lags_s, strict=True):
        event = FinalText(0, sentence.start_s, sentence.end_s, f" {sentence.text}", None, None, None)
        received.events.append((sentence.end_s + lag_s, event))
    return _Runs([said], [received], 1.0)


def test_lag_with_a_lexicon_is_given_as_a_multiple_of_that_without() -> None:
    from lexicon_live import rows_of, text_of

    without, with_lexicon = rows_of("base", "pauses", {0: runs(0.5, 0.5), 10_000: runs(0.6, 0.9)})
    assert (without.lag_p50_s, without.times_p50) == (pytest.approx(0.5), 1.0)
    assert with_lexicon.lag_p95_s == pytest.approx(0.9)
    assert with_lexicon.times_p95 == pytest.approx(1.8)
    assert (with_lexicon.finals, with_lexicon.decoded_twice, with_lexicon.word_error_rate) == (2, 1, 0.0)
    assert "| base | pauses | 10,000 | 2 | 1 | 0.0 % |" in text_of([without, with_lexicon])


def test_dictation_that_failed_is_no_figure() -> None:
    from lexicon_live import rows_of

    failed = runs(0.5, 0.5)
    failed.received[0].error = "the connection was lost"
    with pytest.raises(SystemExit, match="connection was lost"):
        rows_of("base", "pauses", {0: failed})
