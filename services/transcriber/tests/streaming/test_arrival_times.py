"""A sample has the time of the packet that brought it."""

from carabin.transcriber.streaming.arrival_times import ArrivalTimes


def test_a_sample_has_the_time_of_its_packet() -> None:
    times = ArrivalTimes()
    times.add(100, 1.0)
    times.add(250, 2.0)
    assert [times.at(sample) for sample in (1, 100, 101, 250, 900)] == [1.0, 1.0, 2.0, 2.0, 2.0]


def test_what_is_forgotten_leaves_the_newest_time() -> None:
    times = ArrivalTimes()
    assert times.age_s(5.0) == 0.0
    for i in range(1, 5):
        times.add(100 * i, float(i))
    times.forget(10_000)
    assert times.age_s(6.0) == 2.0
    assert times.at(400) == 4.0
