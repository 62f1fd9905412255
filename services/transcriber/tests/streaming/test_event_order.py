"""Events leave in the order of their utterances, whichever decode is ready first."""

from carabin.transcriber.core.events import Event, Final, ModelChanged, Partial, SessionFailed
from carabin.transcriber.streaming.event_order import EventSequencer


def partial(utterance: int, revision: int = 0) -> Partial:
    return Partial(utterance, revision, 0.0, 1.0, "", f" mot{revision}", "v1", "fr")


def final(utterance: int) -> Final:
    return Final(utterance, 0.0, 1.0, f" fin{utterance}", (), 0.9, "v1", "fr")


def opened(n: int) -> tuple[EventSequencer, list[Event]]:
    said: list[Event] = []
    outbox = EventSequencer(said.append)
    for i in range(n):
        outbox.open(i)
    return outbox, said


def test_a_later_utterance_waits_for_the_one_before() -> None:
    outbox, said = opened(2)
    outbox.partial(partial(1))
    outbox.close(1, [final(1)])
    assert said == []
    outbox.close(0, [final(0)])
    assert said == [final(0), final(1)]
    assert len(outbox) == 0


def test_only_the_newest_withheld_partial_is_said() -> None:
    outbox, said = opened(2)
    for revision in range(3):
        outbox.partial(partial(1, revision))
    outbox.close(0, [final(0)])
    assert said == [final(0), partial(1, 2)]


def test_a_preface_comes_right_before_the_first_text() -> None:
    outbox, said = opened(1)
    change = ModelChanged("v2", "v1")
    outbox.preface(0, change)
    assert said == []
    outbox.partial(partial(0))
    outbox.close(0, [final(0)])
    assert said == [change, partial(0), final(0)]


def test_the_preface_of_an_utterance_without_text_is_said_with_the_next() -> None:
    outbox, said = opened(2)
    change = ModelChanged("v2", "v1")
    outbox.preface(0, change)
    outbox.close(0, [])
    outbox.close(1, [final(1)])
    assert said == [change, final(1)]


def test_nothing_follows_a_failure_and_what_came_before_it_does() -> None:
    outbox, said = opened(3)
    outbox.close(2, [final(2)])
    outbox.fail(1, SessionFailed("out of memory"))
    assert said == []
    outbox.close(0, [final(0)])
    assert said == [final(0), SessionFailed("out of memory")]
    assert len(outbox) == 0
