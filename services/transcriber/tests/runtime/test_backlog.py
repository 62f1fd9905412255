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
