"""Audio that waits is bounded for each session and for all, and nobody waits for ever."""

import asyncio
import threading

from carabin.transcriber.runtime.backlog import AudioBacklog, SessionBacklog


async def waits(backlog: SessionBacklog) -> asyncio.Task[None]:
    task = asyncio.create_task(backlog.wait_for_room())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_a_full_session_has_room_again_when_another_thread_took_of_it() -> None:
    shared = AudioBacklog(limit=1000)
    session = SessionBacklog(shared, limit=10)
    session.add(12)
    task = await waits(session)
    assert not task.done()
    thread = threading.Thread(target=session.take, args=(5,))
    thread.start()
    await asyncio.wait_for(task, 20)
    thread.join()
    assert (session.samples, shared.total) == (7, 7)


async def test_all_sessions_together_are_bounded_and_one_of_which_nothing_waits_goes_on() -> None:
    shared = AudioBacklog(limit=20)
    greedy, modest, idle = (SessionBacklog(shared, limit=100) for _ in range(3))
    greedy.add(19)
    modest.add(1)
    await idle.wait_for_room()
    task = await waits(modest)
    assert not task.done()
    greedy.take(10)
    await asyncio.wait_for(task, 20)


async def test_closing_forgets_what_waits_and_wakes_whoever_waits_for_it() -> None:
    shared = AudioBacklog(limit=20)
    session = SessionBacklog(shared, limit=10)
    session.add(15)
    task = await waits(session)
    session.close()
    await asyncio.wait_for(task, 20)
    assert shared.total == 0
    session.take(15)
    session.add(3)
    session.close()
    assert (session.samples, shared.total) == (0, 0)


class Counted(SessionBacklog):
    """Counts how often it was woken."""

    n_wakes = 0

    def wake(self) -> None:
        self.n_wakes += 1
        super().wake()


async def test_an_overload_wakes_nobody_before_there_is_room_and_then_each_once() -> None:
    shared = AudioBacklog(limit=1000)
    greedy, *others = (Counted(shared, limit=2000) for _ in range(21))
    greedy.add(1500)
    for other in others:
        other.add(1)
    tasks = [await waits(other) for other in others]
    for _ in range(600):
        greedy.take(1)
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
    assert not any(other.n_wakes for other in others)
    for _ in range(100):
        greedy.take(1)
    await asyncio.wait_for(asyncio.gather(*tasks), 20)
    assert [other.n_wakes for other in others] == [1] * len(others)


async def test_a_session_that_waits_for_all_goes_on_when_nothing_of_its_own_waits() -> None:
    shared = AudioBacklog(limit=1000)
    greedy, modest = (SessionBacklog(shared, limit=2000) for _ in range(2))
    greedy.add(1500)
    modest.add(2)
    task = await waits(modest)
    modest.take(1)
    await asyncio.sleep(0)
    assert not task.done()
    modest.take(1)
    await asyncio.wait_for(task, 20)
