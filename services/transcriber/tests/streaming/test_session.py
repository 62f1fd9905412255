"""A session turns audio into events, whatever the pieces the audio comes in."""

import gc
import math
import weakref
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from carabin.registry.serving_window import WindowPolicy
from carabin.transcriber.core.config import SAMPLE_RATE_HZ, SessionConfig, VadConfig
from carabin.transcriber.core.errors import IllegalTransition
from carabin.transcriber.core.events import (
    AudioAcknowledged,
    Final,
    FlushFinished,
    LanguageDetected,
    ModelChanged,
    Partial,
    SessionFailed,
)
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.scheduling.load import FIRST_RETRY_S
from carabin.transcriber.streaming.state import SessionState
from carabin.transcriber.streaming.utterance import AudioBuffer, Utterance
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import Bench, loudness_vad, silence, speech

__all__ = ["loudness_vad"]

pytestmark = pytest.mark.usefixtures("loudness_vad")


def test_an_utterance_is_final_at_the_pause() -> None:
    bench = Bench()
    bench.push(silence(0.5), speech(2), silence(0.6))
    assert [final.text for final in bench.finals] == [" mot0 mot1 mot2 mot3"]
    assert bench.finals[0].start_s == pytest.approx(0.2, abs=0.05)
    assert bench.finals[0].end_s == pytest.approx(2.7, abs=0.04)


def test_the_final_was_decoded_before_the_pause_was_sure() -> None:
    bench = Bench()
    bench.push(speech(2), silence(0.3))
    assert bench.metric("queue_wait_seconds_count", lane="speculative") == 1
    assert not bench.finals
    bench.push(silence(0.3))
    assert bench.metric("speculative_finals_total", outcome="used") == 1
    assert len(bench.finals) == 1
    assert bench.metric("queue_wait_seconds_count", lane="final") == 0


def test_silence_is_put_behind_finals_alone() -> None:
    bench = Bench()
    bench.push(speech(2), silence(0.6))
    asked = {(request.beam_size, request.silence_s > 0) for batch in bench.engine.batches for request in batch}
    assert asked == {(1, False), (5, True)}


def test_a_guess_is_forgotten_when_speech_goes_on() -> None:
    bench = Bench()
    bench.push(speech(1), silence(0.3), speech(1), silence(0.6))
    assert bench.metric("speculative_finals_total", outcome="wasted") == 1
    assert [final.text for final in bench.finals] == [" mot0 mot1 mot2 mot3"]


def test_a_guess_still_waiting_at_the_pause_becomes_the_final() -> None:
    bench = Bench()
    bench.push(speech(1), silence(0.6), decode=False)
    [job] = [job for job in bench.scheduler.take() or [] if job.lane == 0]
    bench.scheduler.decode([job])
    bench.deliver()
    assert [final.text for final in bench.finals] == [" mot0 mot1"]


def test_stable_words_never_change_within_an_utterance() -> None:
    rng = np.random.default_rng(7)

    def fickle(request: DecodeRequest) -> Hypothesis:
        return FakeEngine(rng.choice(["mot", "mont", "moto"])).transcribe(request)

    bench = Bench(engine=FakeEngine(script=fickle))
    for _ in range(5):
        bench.push(speech(6), silence(0.6))
    shown: dict[int, str] = {}
    assert len(bench.partials) > 30
    for partial in bench.partials:
        assert partial.stable.startswith(shown.get(partial.utterance, ""))
        shown[partial.utterance] = partial.stable
    assert any(shown.values())


def test_partials_show_words_twice_seen_as_stable() -> None:
    bench = Bench()
    bench.push(speech(2))
    last = bench.partials[-1]
    assert last.stable
    assert (last.stable + last.tail).split() == [f"mot{i}" for i in range(len((last.stable + last.tail).split()))]


def test_no_partials_when_the_client_wants_none() -> None:
    bench = Bench(config=SessionConfig(partials=False))
    bench.push(speech(3), silence(0.6))
    assert not bench.partials
    assert len(bench.finals) == 1


def test_flush_ends_the_utterance_at_once_and_answers_last() -> None:
    bench = Bench()
    bench.push(speech(1.01))
    bench.flush()
    assert isinstance(bench.events[-1], FlushFinished)
    assert bench.events[-1].audio_s == pytest.approx(1.01)
    assert len(bench.finals) == 1


def test_flush_without_speech_is_answered() -> None:
    bench = Bench()
    bench.flush()
    assert bench.events == [FlushFinished(0.0)]


def test_times_do_not_drift_over_flushes_and_odd_packets() -> None:
    bench = Bench()
    for _ in range(20):
        bench.push(speech(0.7), packet_s=0.0101)
        bench.flush()
    assert bench.finals[-1].start_s == pytest.approx(19 * 0.7, abs=1e-6)
    assert bench.finals[-1].end_s == pytest.approx(20 * 0.7, abs=1e-6)


def test_finals_do_not_overlap_and_come_in_order() -> None:
    bench = Bench(config=SessionConfig(vad=VadConfig(min_silence_s=0.1, speech_pad_s=1.0)))
    for _ in range(6):
        bench.push(speech(0.8), silence(0.15))
    bench.flush()
    assert [final.utterance for final in bench.finals] == sorted(final.utterance for final in bench.finals)
    for before, after in zip(bench.finals, bench.finals[1:], strict=False):
        assert before.end_s <= after.start_s


def test_a_final_that_is_ready_early_waits_for_the_one_before() -> None:
    bench = Bench(config=SessionConfig(partials=False))
    bench.push(speech(1), silence(0.6), speech(1), silence(0.6), decode=False)
    jobs = bench.scheduler.take() or []
    assert len(jobs) == 2
    bench.scheduler.decode(jobs[1:])
    bench.deliver()
    assert not bench.finals
    bench.scheduler.decode(jobs[:1])
    bench.deliver()
    assert [final.utterance for final in bench.finals] == [0, 1]


def test_speech_without_pauses_is_cut_and_no_audio_is_lost() -> None:
    bench = Bench(config=SessionConfig(vad=VadConfig(adaptive=False)))
    bench.push(speech(8), silence(0.2), speech(7), silence(0.6))
    assert len(bench.finals) == 2
    assert bench.finals[0].end_s == pytest.approx(8.1, abs=0.15)
    assert bench.finals[1].start_s == bench.finals[0].end_s
    assert bench.finals[1].end_s == pytest.approx(15.4, abs=0.05)


def test_a_guess_is_not_the_final_of_an_utterance_that_is_cut_elsewhere() -> None:
    def numbered(request: DecodeRequest) -> Hypothesis:
        sound = FakeEngine().transcribe(request)
        return replace(sound, text="".join(f" {i * 7919 % 9973}" for i in range(len(sound.words))))

    config = SessionConfig(partials=False, vad=VadConfig(adaptive=False))
    bench = Bench(engine=FakeEngine(script=numbered), config=config)
    bench.push(speech(7), silence(0.25), speech(4.65), silence(0.6))
    words = [len(final.text.split()) for final in bench.finals]
    assert words == [14, 9]


def test_the_silence_between_two_utterances_is_shared_out_once() -> None:
    bench = Bench()
    bench.push(silence(1), speech(1), silence(0.5), speech(1), silence(0.6))
    assert bench.finals[0].end_s <= bench.finals[1].start_s < 2.5


def test_a_burst_is_transcribed_like_a_stream() -> None:
    audio = np.concatenate([speech(1), silence(0.6), speech(2), silence(0.6)])
    bursts, streams = Bench(), Bench()
    bursts.session.push(audio)
    bursts.decode()
    streams.push(audio)
    assert [f.text for f in bursts.finals] == [f.text for f in streams.finals] == [" mot0 mot1", " mot0 mot1 mot2 mot3"]
    assert [f.start_s for f in bursts.finals] == [f.start_s for f in streams.finals]


def test_clicks_are_not_decoded() -> None:
    bench = Bench()
    bench.push(silence(1), speech(0.03), silence(1))
    assert not bench.finals
    assert bench.metric("rejected_total", reason="click") == 1


@pytest.mark.parametrize("later_s", [0.0, 1.0])
def test_no_more_is_acknowledged_than_came(later_s: float) -> None:
    """The voice activity detection's last window is filled with zeros, and the final may come while more is pushed."""
    bench = Bench(config=SessionConfig(partials=False))
    bench.push(speech(1.001), packet_s=0.1, decode=False)
    bench.session.flush()
    if later_s:
        bench.push(speech(later_s), decode=False)
    bench.decode()
    flushed = next(event.audio_s for event in bench.events if isinstance(event, FlushFinished))
    acknowledged = next(event.audio_s for event in bench.events if isinstance(event, AudioAcknowledged))
    assert acknowledged == bench.finals[0].end_s == flushed == 16_015 / SAMPLE_RATE_HZ
    if later_s:
        bench.flush()
        assert bench.finals[1].start_s == flushed


@pytest.mark.parametrize(("recording", "longest_s"), [(False, 12.0), (True, 25.0)])
def test_what_a_cut_leaves_of_the_speech_is_no_click_however_short(recording: bool, longest_s: float) -> None:
    """Somebody stops right behind the length at which an utterance is cut."""
    config = SessionConfig(partials=False, vad=VadConfig(min_speech_s=0.5, adaptive=False))
    bench = Bench(FakeEngine(script=written), config=config, recording=recording)
    bench.push(speech(longest_s - 0.5), silence(0.25), speech(0.45), silence(1.5))
    assert len(bench.finals) == 2
    assert bench.finals[1].start_s == bench.finals[0].end_s == pytest.approx(longest_s - 0.375, abs=0.05)
    assert bench.finals[1].end_s >= longest_s + 0.2
    assert bench.metric("rejected_total", reason="click") == 0


def written(request: DecodeRequest) -> Hypothesis:
    """Write one word whatever the length, and no others."""
    return replace(FakeEngine().transcribe(request), text=" mot", words=(), n_tokens=1)


def test_silence_is_acknowledged_and_not_decoded() -> None:
    bench = Bench()
    bench.push(silence(60))
    assert not bench.engine.batches
    acknowledged = [event.audio_s for event in bench.events if isinstance(event, AudioAcknowledged)]
    assert acknowledged == sorted(acknowledged)
    assert acknowledged[-1] > 50


def test_audio_is_acknowledged_with_its_final() -> None:
    bench = Bench()
    bench.push(speech(1), silence(0.6))
    final, acknowledged = bench.events[-2:]
    assert isinstance(final, Final)
    assert acknowledged == AudioAcknowledged(final.end_s)


def test_a_first_hypothesis_that_may_not_be_shown_is_tried_again_soon() -> None:
    def script(request: DecodeRequest) -> Hypothesis:
        doubtful = len(request.samples) < 0.9 * SAMPLE_RATE_HZ
        return replace(FakeEngine().transcribe(request), avg_logprob=-1.6 if doubtful else -0.1)

    bench = Bench(FakeEngine(script=script))
    bench.push(speech(1.2))
    tries = [len(request.samples) / SAMPLE_RATE_HZ for [request] in bench.engine.batches]
    assert bench.partials
    assert max(after - before for before, after in pairwise(tries[:4])) < 2 * FIRST_RETRY_S
    assert tries[2] < 0.9 <= tries[3]


def test_a_doubtful_first_hypothesis_is_shown_where_the_model_is_sure_that_it_was_speech() -> None:
    for no_speech_prob, shown in ((0.2, True), (0.6, False)):
        bench = Bench(
            FakeEngine(
                script=lambda request, p=no_speech_prob: replace(
                    FakeEngine().transcribe(request), avg_logprob=-1.2, no_speech_prob=p
                )
            )
        )
        bench.push(speech(1.0))
        assert bool(bench.partials) is shown


def test_without_vad_silence_is_decoded_too() -> None:
    bench = Bench(config=SessionConfig(use_vad=False))
    bench.push(silence(26))
    assert bench.engine.batches


def test_an_utterance_keeps_its_model_and_the_next_takes_the_new_one() -> None:
    bench = Bench()
    bench.push(speech(1))
    bench.slot.install(ModelHandle("v2", FakeEngine("neuf")))
    bench.push(speech(1), silence(0.6), speech(1), silence(0.6))
    assert [final.model_version for final in bench.finals] == ["v1", "v2"]
    assert {partial.model_version for partial in bench.partials if partial.utterance == 0} == {"v1"}
    assert [event for event in bench.events if isinstance(event, ModelChanged)] == [ModelChanged("v2", "v1")]
    assert bench.finals[1].text.startswith(" neuf")
    assert bench.engine.closed


def test_a_model_is_not_freed_under_a_running_decode() -> None:
    bench = Bench(config=SessionConfig(partials=False))
    bench.push(speech(1), silence(0.3), decode=False)
    jobs = bench.scheduler.take() or []
    bench.slot.install(ModelHandle("v2", FakeEngine("neuf")))
    bench.session.close()
    assert not bench.engine.closed
    bench.scheduler.decode(jobs)
    bench.deliver()
    assert bench.engine.closed
    assert not bench.finals


def test_the_language_is_sent_once_before_the_first_text() -> None:
    bench = Bench(config=SessionConfig(language=None))
    bench.push(speech(2), silence(0.6), speech(1), silence(0.6))
    kinds = [type(event) for event in bench.events if isinstance(event, LanguageDetected | Partial | Final)]
    assert kinds[0] is LanguageDetected
    assert kinds.count(LanguageDetected) == 1
    asked = [request.language for batch in bench.engine.batches for request in batch]
    assert asked[0] is None
    assert set(asked[asked.index("fr") :]) == {"fr"}


@pytest.mark.parametrize("first_text", [" bonjour", ""])
def test_audio_that_comes_faster_than_it_is_decoded_is_in_one_language(first_text: str) -> None:
    """Decoded on its own, each utterance would be in a language of its own: a short one often in a wrong one."""

    def write(request: DecodeRequest) -> Hypothesis:
        n = len(request.samples)
        text = first_text if n > 2 * SAMPLE_RATE_HZ else " oui"
        language = request.language or ("fr" if n > 2 * SAMPLE_RATE_HZ or not first_text else "en")
        return replace(bench.engine.transcribe(request), text=text, language=language, language_probability=0.6)

    bench = Bench(config=SessionConfig(language=None, partials=False), engine=FakeEngine(script=write))
    bench.push(speech(3), silence(1), speech(0.6), silence(1), speech(0.6), silence(1), decode=False)
    bench.flush()
    expected = [" bonjour", " oui", " oui"] if first_text else [" oui", " oui"]
    assert [(final.text, final.language) for final in bench.finals] == [(text, "fr") for text in expected]
    detected = [event for event in bench.events if isinstance(event, LanguageDetected)]
    assert [event.language for event in detected] == ["fr"]


def test_an_utterance_that_waited_for_the_language_keeps_its_model_and_its_order() -> None:
    bench = Bench(config=SessionConfig(language=None))
    bench.push(speech(1), silence(1), speech(1), silence(1), decode=False)
    bench.slot.install(ModelHandle("v2", FakeEngine("neuf")))
    bench.flush()
    assert [final.text for final in bench.finals] == [" mot0 mot1", " neuf0 neuf1"]
    assert [final.model_version for final in bench.finals] == ["v1", "v2"]


def test_a_locale_is_understood_as_its_language() -> None:
    bench = Bench(config=SessionConfig(language="fr-FR"))
    bench.push(speech(1), silence(0.6))
    assert bench.engine.batches[0][0].language == "fr"


def test_word_times_are_the_sessions_own() -> None:
    bench = Bench(config=SessionConfig(word_timestamps=True))
    bench.push(silence(3), speech(2), silence(0.6))
    [final] = bench.finals
    assert "".join(word.text for word in final.words) == final.text
    assert all(final.start_s <= word.start_s <= word.end_s <= final.end_s for word in final.words)


def test_a_loop_is_decoded_again_in_a_larger_window() -> None:
    def looping(request: DecodeRequest) -> Hypothesis:
        sound = FakeEngine().transcribe(request)
        if request.window_frames > 750:
            return sound
        return Hypothesis(" non" * 60, (), -0.4, 0.0, 60, True, "fr", 1.0)

    bench = Bench(engine=FakeEngine(script=looping), config=SessionConfig(partials=False))
    bench.push(speech(1), silence(0.6))
    assert [final.text for final in bench.finals] == [" mot0 mot1"]
    assert bench.metric("retries_total", reason="too_long") == 1
    assert bench.metric("version_retried_finals_total", version="v1") == 1


def test_invented_text_is_rejected_counted_and_acknowledged() -> None:
    invented = Hypothesis(" Sous-titrage ST' 501", (), -1.2, 0.9, 8, False, "fr", 1.0)
    bench = Bench(engine=FakeEngine(script=lambda _: invented))
    bench.push(speech(1), silence(0.6))
    assert not bench.finals
    assert bench.metric("rejected_total", reason="no_speech") == 1
    assert bench.metric("version_finals_total", version="v1", outcome="rejected") == 1
    assert isinstance(bench.events[-1], AudioAcknowledged)


def test_each_utterance_is_counted_for_the_version_that_decoded_it() -> None:
    nothing = Hypothesis("", (), -0.1, 0.0, 0, False, "fr", 1.0)
    texts = iter([True, False])
    bench = Bench(
        engine=FakeEngine(script=lambda request: FakeEngine().transcribe(request) if next(texts) else nothing),
        config=SessionConfig(partials=False),
    )
    bench.push(speech(1), silence(1.5), speech(1), silence(1.5))
    assert len(bench.finals) == 1
    assert bench.metric("version_finals_total", version="v1", outcome="text") == 1
    assert bench.metric("version_finals_total", version="v1", outcome="empty") == 1
    assert bench.metric("version_final_latency_seconds_count", version="v1") == 1
    assert bench.metric("version_confidence_sum", version="v1") == pytest.approx(bench.finals[0].confidence)
    assert bench.metric("version_retried_finals_total", version="v1") == 0


def test_a_decode_that_fails_twice_ends_this_session_alone() -> None:
    def broken(_: DecodeRequest) -> Hypothesis:
        raise RuntimeError("the patient's words must not be in any log")

    bench = Bench(engine=FakeEngine(script=broken))
    bench.push(speech(1))
    bench.session.flush()
    bench.decode()
    last = bench.events[-1]
    assert isinstance(last, SessionFailed)
    assert "words" not in last.reason
    assert bench.metric("version_finals_total", version="v1", outcome="failed") == 1
    assert not any(isinstance(event, AudioAcknowledged) for event in bench.events)
    with pytest.raises(IllegalTransition):
        bench.session.push(speech(0.1))


def test_what_was_said_before_an_utterance_that_fails_is_final_and_nothing_follows_it() -> None:
    """Three utterances are decoded at once; the middle one fails first, the last one is sound and comes too late."""

    def script(request: DecodeRequest) -> Hypothesis:
        if len(request.samples) < SAMPLE_RATE_HZ:
            raise RuntimeError("CUDA error: out of memory")
        return FakeEngine().transcribe(request)

    bench = Bench(FakeEngine(script=script, max_batch=1), config=SessionConfig(partials=False))
    bench.push(speech(2), silence(0.6), speech(0.5), silence(0.6), speech(1.5), silence(0.6), speech(1), decode=False)
    bench.session.flush()
    sound, failing, late = (bench.scheduler.take() or [] for _ in range(3))
    bench.scheduler.decode(failing)
    bench.deliver()
    assert bench.events == []
    assert not bench.session.accepts_audio
    bench.scheduler.decode(late)
    bench.scheduler.decode(sound)
    bench.deliver()
    bench.decode()
    assert [final.utterance for final in bench.finals] == [0]
    assert [type(event) for event in bench.events] == [Final, AudioAcknowledged, SessionFailed]
    assert bench.session.state is SessionState.CLOSED
    assert bench.slot.current is not None
    assert bench.slot.current.leases == 0
    assert bench.metric("speaking") == 0


def test_a_failure_before_one_that_waits_for_its_turn_is_the_only_one() -> None:
    def broken(_: DecodeRequest) -> Hypothesis:
        raise RuntimeError("CUDA error: out of memory")

    bench = Bench(FakeEngine(script=broken, max_batch=1), config=SessionConfig(partials=False))
    bench.push(speech(2), silence(0.6), speech(0.5), silence(0.6), decode=False)
    first, second = (bench.scheduler.take() or [] for _ in range(2))
    for batch in (second, first):
        bench.scheduler.decode(batch)
        bench.deliver()
    assert [type(event) for event in bench.events] == [SessionFailed]
    assert bench.session.state is SessionState.CLOSED


def test_a_final_that_failed_once_is_tried_again() -> None:
    failures = iter([True])

    def once(request: DecodeRequest) -> Hypothesis:
        if next(failures, False):
            raise RuntimeError("out of memory")
        return FakeEngine().transcribe(request)

    bench = Bench(engine=FakeEngine(script=once), config=SessionConfig(partials=False))
    bench.push(speech(1), silence(0.6))
    assert [final.text for final in bench.finals] == [" mot0 mot1"]


@pytest.mark.parametrize("meant", [False, True])
def test_a_final_that_says_all_twice_is_decoded_again_in_a_larger_window(meant: bool) -> None:
    """What a tight window doubled comes once; what the speaker said twice stays."""

    def script(request: DecodeRequest) -> Hypothesis:
        hypothesis = FakeEngine().transcribe(request)
        return replace(hypothesis, text=2 * hypothesis.text) if meant or request.window_frames < 750 else hypothesis

    engine = FakeEngine(script=script, windows=WindowPolicy(min_frames=200, margin_frames=50))
    bench = Bench(engine, config=SessionConfig(partials=False))
    bench.push(speech(1), silence(0.6))
    assert [final.text for final in bench.finals] == [" mot0 mot1" * (2 if meant else 1)]
    assert [request.window_frames for [request] in engine.batches] == [200, 750]
    assert bench.metric("retries_total", reason="doubled") == 1


def test_closing_gives_all_leases_back() -> None:
    bench = Bench()
    bench.push(speech(1), silence(0.6), speech(1), decode=False)
    bench.session.close()
    bench.decode()
    current = bench.slot.current
    assert current is not None
    assert current.leases == 0
    assert bench.metric("speaking") == 0


def test_audio_is_not_taken_while_too_many_finals_wait() -> None:
    bench = Bench(recording=True)
    for _ in range(8):
        bench.push(speech(1), silence(1.1), decode=False)
    assert not bench.session.accepts_audio
    bench.decode()
    assert bench.session.accepts_audio


def test_an_utterance_ends_when_the_client_falls_silent_on_the_wire() -> None:
    bench = Bench()
    bench.push(speech(1))
    bench.time_s += 2.9
    bench.session.tick()
    bench.decode()
    assert not bench.finals
    bench.time_s += 0.2
    bench.session.tick()
    bench.decode()
    assert [final.text for final in bench.finals] == [" mot0 mot1"]
    bench.push(speech(1), silence(0.6))
    assert bench.finals[1].start_s >= bench.finals[0].end_s


@pytest.mark.parametrize("read_again_s", [math.inf, 9.0])
def test_an_utterance_goes_on_while_its_client_is_not_read(read_again_s: float) -> None:
    bench = Bench()
    bench.push(speech(1))
    bench.time_s += 10.0
    bench.session.tick(read_again_s)
    bench.decode()
    assert not bench.finals
    bench.push(speech(1), silence(0.6))
    assert [final.text for final in bench.finals] == [" mot0 mot1 mot2 mot3"]


def test_a_longer_utterance_ends_at_a_shorter_pause() -> None:
    bench = Bench()
    bench.push(speech(1.5), silence(0.25), speech(4), silence(0.25), speech(1), silence(0.6))
    assert [round(final.end_s - final.start_s) for final in bench.finals] == [6, 1]


def sentences(request: DecodeRequest) -> Hypothesis:
    """Write a full stop behind the fifth word of what an utterance's beginning says."""
    plain = FakeEngine().transcribe(request)
    words = tuple(replace(w, text=w.text + ".") if w.text == " mot4" else w for w in plain.words)
    return replace(plain, words=words, text="".join(word.text for word in words))


def test_a_sentence_is_final_while_the_speaker_goes_on() -> None:
    bench = Bench(FakeEngine(script=sentences))
    bench.push(speech(4))
    assert [final.text for final in bench.finals] == [" mot0 mot1 mot2 mot3 mot4."]
    bench.push(speech(2), silence(0.6))
    assert bench.finals[1].start_s == bench.finals[0].end_s


def test_what_was_stable_behind_a_finished_sentence_is_on_the_screen_with_its_final() -> None:
    bench = Bench(FakeEngine(script=sentences))
    bench.push(speech(4))
    place = bench.events.index(bench.finals[0])
    shown = [event for event in bench.events[place:] if isinstance(event, Partial)]
    assert shown[0].utterance == 1
    assert shown[0].stable.strip()


def test_without_voice_activity_detection_no_sentence_is_cut_out() -> None:
    bench = Bench(FakeEngine(script=sentences), config=SessionConfig(use_vad=False))
    bench.push(speech(4))
    assert not bench.finals


def test_audio_of_an_utterance_is_free_once_it_is_final_and_of_a_session_once_it_is_closed() -> None:
    """Without the garbage collector, which comes to long-lived objects seldom: dozens of utterances waited for it."""
    bench = Bench()
    buffers: list[weakref.ref[AudioBuffer]] = []
    began = bench.session.utterance_began

    def note(utterance: Utterance) -> None:
        buffers.append(weakref.ref(utterance.audio))
        began(utterance)

    bench.session.utterance_began = note  # type: ignore[method-assign]
    gc.disable()
    try:
        bench.push(speech(2), silence(0.6))
        assert len(bench.finals) == 1
        assert [buffer() for buffer in buffers] == [None]
        bench.push(speech(2), silence(0.3))
        bench.session.close()
        assert [buffer() for buffer in buffers] == [None, None]
    finally:
        gc.enable()
