"""Features are ready before their batch is: threads of their own compute them while the device is busy."""

import threading

import numpy as np
from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.inference.engine import DecodeRequest
from carabin.transcriber.inference.mel import GrowingMel
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.slot import ModelHandle
from carabin.transcriber.scheduling.jobs import DecodeJob, Lane
from carabin.transcriber.scheduling.load import LoadController
from carabin.transcriber.scheduling.mel_workers import MelWorkers
from carabin.transcriber.scheduling.scheduler import Scheduler
from carabin.transcriber.testing.engine import FakeEngine
from faster_whisper.feature_extractor import FeatureExtractor

PATIENCE_S = 30


class WatchedMel(GrowingMel):
    """Says when frames were settled."""

    def __init__(self) -> None:
        super().__init__(FeatureExtractor())
        self.settled = threading.Event()

    def settle(self, samples: np.ndarray) -> int:
        n = super().settle(samples)
        self.settled.set()
        return n


def request(mel: GrowingMel | None, n: int = 16_000) -> DecodeRequest:
    return DecodeRequest(np.ones(n, np.float32), 500, "fr", mel=mel)


def job(mel: GrowingMel, model: ModelHandle, done: threading.Event) -> DecodeJob:
    return DecodeJob(Lane.PARTIAL, request(mel), model, lambda *_: done.set())


def test_what_waits_for_a_busy_device_has_its_features_before_it_is_taken() -> None:
    gate, done = threading.Event(), threading.Event()
    model = ModelHandle("v1", FakeEngine(max_batch=1, gate=gate))
    scheduler = Scheduler(Metrics(), LoadController(), ThreadSupervisor(), workers=1, mel_workers=1)
    scheduler.start()
    scheduler.submit(job(WatchedMel(), model, done))  # the device is busy with this one
    waiting, newer = WatchedMel(), WatchedMel()
    second = job(waiting, model, threading.Event())
    scheduler.submit(second)
    assert waiting.settled.wait(PATIENCE_S)
    assert scheduler.replace(second, request(newer, 32_000))
    assert newer.settled.wait(PATIENCE_S)
    assert not done.is_set()
    gate.set()
    scheduler.stop()


def test_on_a_cpu_nothing_is_computed_in_advance() -> None:
    threads, mel = ThreadSupervisor(), WatchedMel()
    workers = MelWorkers(threads, 0)
    workers.start()
    workers.prepare(request(mel))
    workers.stop()
    assert not mel.settled.is_set()


def test_a_request_without_a_spectrogram_is_passed_over() -> None:
    workers, mel = MelWorkers(ThreadSupervisor(), 1), WatchedMel()
    workers.start()
    workers.prepare(request(None))
    workers.prepare(request(mel))
    assert mel.settled.wait(PATIENCE_S)
    workers.stop()
