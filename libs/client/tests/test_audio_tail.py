"""The audio that a server may still need: what is acknowledged is dropped, the rest is given again from any place."""

from carabin.client.audio_tail import AudioTail
from carabin.transcriber.testing.server import speech


def test_tail_keeps_what_is_not_acknowledged():
    tail = AudioTail()
    for _ in range(4):
        tail.add(speech(0.1))
    tail.let_go(3200)
    assert [len(part) for part in tail.since(4000)] == [800, 1600]
    assert tail.end == 6400


def test_a_part_is_dropped_only_once_all_of_it_is_acknowledged():
    tail = AudioTail()
    tail.add(speech(0.1))
    tail.add(speech(0.1))
    tail.let_go(1599)
    assert [len(part) for part in tail.since(0)] == [1600, 1600]
    tail.let_go(1600)
    assert [len(part) for part in tail.since(0)] == [1600]
    tail.let_go(3200)
    assert tail.since(0) == []
    assert tail.end == 3200


def test_a_packet_without_samples_takes_no_place():
    tail = AudioTail()
    tail.add(speech(0.1)[:0])
    assert tail.since(0) == []
    assert tail.end == 0
