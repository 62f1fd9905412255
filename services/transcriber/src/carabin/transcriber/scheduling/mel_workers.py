"""Threads that compute features before a batch is taken, so that a GPU does not wait for them.

On a CPU there are none: the cores that would compute in advance are those that decode.
"""

from queue import SimpleQueue

from carabin.service.threads import SupervisedThread, ThreadSupervisor

from ..inference.engine import DecodeRequest

GPU_MEL_WORKERS = 2
"""A batch of 16 new utterances of 10 s costs one thread 110 ms, more than a batch takes a GPU; of grown ones, 10 ms."""


class MelWorkers:
    """See the module.

    Args:
        n: how many threads; 0 computes nothing in advance.
    """

    def __init__(self, threads: ThreadSupervisor, n: int) -> None:
        self._threads = threads
        self._n = n
        self._requests: SimpleQueue[DecodeRequest | None] = SimpleQueue()
        self._workers: list[SupervisedThread] = []

    def start(self) -> None:
        """Start the threads."""
        self._workers = [self._threads.start(f"mel-{i}", self._work) for i in range(self._n)]

    def stop(self) -> None:
        """Let them end."""
        for _ in self._workers:
            self._requests.put(None)
        for worker in self._workers:
            worker.join()

    def prepare(self, request: DecodeRequest) -> None:
        """Compute what can be computed of a request that waits; returns at once."""
        if self._n and request.mel is not None:
            self._requests.put(request)

    def _work(self) -> bool:
        request = self._requests.get()
        if request is None:
            return False
        if request.mel is not None:
            request.mel.settle(request.samples)
        return True
