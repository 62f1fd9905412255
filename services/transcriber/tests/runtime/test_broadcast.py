"""Whoever waits for a change is woken by any thread, and sees the newest state."""

import asyncio
import threading

from carabin.transcriber.runtime.broadcast import ChangeSignal


async def test_each_reader_is_woken_at_once_and_after_a_change_by_another_thread() -> None:
    signal = ChangeSignal()
    signal.notify()  # before the start nobody is there
    signal.loop = asyncio.get_running_loop()
    readers = [signal.changes() for _ in range(2)]
    for reader in readers:
        await anext(reader)
    waiting = [asyncio.ensure_future(anext(reader)) for reader in readers]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    thread = threading.Thread(target=signal.notify)
    thread.start()
    await asyncio.wait_for(asyncio.gather(*waiting), 20)
    thread.join()
    for reader in readers:
        await reader.aclose()
    signal.notify()
