"""Whether a final asks for a second decode, and what the client gets of it."""

from dataclasses import replace

import numpy as np
import pytest
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis, MergedText, TokenWord
from carabin.transcriber.models.prompt import Prompt
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.scheduling.jobs import DecodeJob, Lane
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import Bench, loudness_vad, silence, speech

__all__ = ["loudness_vad"]

pytestmark = pytest.mark.usefixtures("loudness_vad")


class Always:
    """Wants every final decoded again."""

    def prompt(self, first: Hypothesis) -> tuple[int, ...]:
        return (1,) if first.text else ()

    def merged(self, first: Hypothesis, second: Hypothesis) -> MergedText:
        return MergedText(second.text or first.text, ("bisoprolol",))

    def early_prompt(self, draft: str) -> tuple[int, ...]:
        return (1,) if draft else ()

    def is_early(self, first: Hypothesis) -> bool:
        return True


def engine() -> FakeEngine:
    """Return an engine that answers a request with a second pass as the real one does."""
    plain = FakeEngine()

    def script(request: DecodeRequest) -> Hypothesis:
        first = plain.transcribe(request)
        if request.second_pass is None or not request.second_pass.prompt(first):
            return first
        second = replace(first, text=" bisoprolol", words=(TokenWord(" bisoprolol", (100,)),))
        found = request.second_pass.merged(first, second)
        return replace(second, text=found.text, lexicon=found.lexicon, passes=2)

    return FakeEngine(script=script)


def test_final_says_which_entries_were_put_in_and_partials_are_decoded_once() -> None:
    bench = Bench(engine=engine(), prompt=Prompt(second_pass=Always))
    bench.push(speech(1.5), silence(1.0))
    [final] = bench.finals
    assert final.lexicon == ("bisoprolol",)
    assert final.text == " bisoprolol"
    assert all("bisoprolol" not in partial.tail for partial in bench.partials)
    assert bench.metric("second_decodes_total", outcome="merged") == 1


def test_loaded_service_leaves_the_second_decode_out_and_counts_it() -> None:
    bench = Bench(engine=engine(), prompt=Prompt(second_pass=Always))
    bench.load.final_started(30.0, bench.time_s)
    bench.push(speech(1.5), silence(1.0))
    [final] = bench.finals
    assert final.lexicon == ()
    assert bench.metric("second_decodes_total", outcome="skipped") >= 1


def test_session_without_a_lexicon_decodes_once() -> None:
    bench = Bench(engine=engine())
    bench.push(speech(1.5), silence(1.0))
    [final] = bench.finals
    assert final.lexicon == ()
    assert bench.metric("second_decodes_total", outcome="merged") == 0


def finals_requests(bench: Bench) -> list[DecodeRequest]:
    return [request for batch in bench.engine.batches for request in batch if request.second_pass is not None]


def test_final_has_the_newest_partials_text_so_that_the_second_decode_may_begin_with_the_first() -> None:
    bench = Bench(engine=engine(), prompt=Prompt(second_pass=Always))
    bench.push(speech(2.0), silence(1.0))
    [request] = finals_requests(bench)
    newest = [request for batch in bench.engine.batches for request in batch if request.second_pass is None][-1]
    words = int(np.sum(np.abs(newest.samples) > 0.01)) // 8000
    assert request.draft is not None
    assert request.draft() == "".join(f" mot{word}" for word in range(words))
    assert words >= 2


def test_final_has_no_draft_while_no_worker_is_free_and_in_a_recording() -> None:
    bench = Bench(engine=engine(), prompt=Prompt(second_pass=Always))
    bench.push(speech(2.0))
    other = DecodeJob(Lane.PARTIAL, DecodeRequest(speech(9.0), 1500, "fr"), ModelHandle("v1", bench.engine), print)
    bench.scheduler.submit(other)
    bench.push(silence(0.2), decode=False)
    assert bench.scheduler.waiting == 2
    bench.scheduler.cancel(other)
    bench.push(silence(0.8))
    [request] = finals_requests(bench)
    assert request.draft is None
    recording = Bench(engine=engine(), prompt=Prompt(second_pass=Always), recording=True)
    recording.push(speech(2.0), silence(2.0))
    assert [request.draft for request in finals_requests(recording)] == [None]


def test_loaded_service_counts_no_second_decode_as_left_out_where_there_is_no_lexicon() -> None:
    bench = Bench(engine=engine())
    bench.load.final_started(30.0, bench.time_s)
    bench.push(speech(1.5), silence(1.0))
    assert len(bench.finals) == 1
    assert bench.metric("second_decodes_total", outcome="skipped") == 0
