"""A shadow decodes what production decoded, after everything else, and shows its text to nobody."""

from carabin.service.threads import ThreadSupervisor
from carabin.transcriber.inference.engine import DecodeRequest, Hypothesis
from carabin.transcriber.metrics import Metrics
from carabin.transcriber.models.slot import ModelHandle, ModelSlot
from carabin.transcriber.scheduling.jobs import DecodeJob, Lane
from carabin.transcriber.scheduling.load import LoadController
from carabin.transcriber.scheduling.scheduler import Scheduler
from carabin.transcriber.scheduling.shadow import MAX_WAITING, Shadow
from carabin.transcriber.testing.engine import FakeEngine

from ..helpers.pipeline import speech


class ManualShadow:
    """A shadow over a scheduler that runs by hand."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.load = LoadController()
        self.slot = ModelSlot()
        self.scheduler = Scheduler(self.metrics, self.load, ThreadSupervisor(), workers=0, clock=lambda: 0.0)
        self.shadow = Shadow(self.slot, self.scheduler, self.load, self.metrics, lambda: 0.0)
        self.request = DecodeRequest(speech(1), 750, "fr", prompt=(1, 2))

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"carabin_transcriber_{name}", labels) or 0.0


def test_a_shadow_is_compared_and_gives_its_model_back() -> None:
    manual = ManualShadow()
    handle = ModelHandle("v3", FakeEngine("autre"))
    manual.slot.install(handle)
    manual.shadow.compare(manual.request, " mot0 mot1")
    manual.scheduler.decode(manual.scheduler.take() or [])
    assert manual.metric("shadow_difference_count", version="v3") == 1
    assert manual.metric("shadow_difference_sum", version="v3") == 1
    assert handle.leases == 0


def test_a_shadow_is_skipped_under_load_and_when_it_falls_behind() -> None:
    manual = ManualShadow()
    manual.slot.install(ModelHandle("v3", FakeEngine()))
    for _ in range(MAX_WAITING + 1):
        manual.shadow.compare(manual.request, " mot0")
    assert manual.metric("shadow_skipped_total") == 1
    for _ in range(20):
        manual.load.partial_done(3.0, 0.0)
    manual.shadow.compare(manual.request, " mot0")
    assert manual.metric("shadow_skipped_total") == 2


def test_a_shadow_goes_after_everything_else() -> None:
    manual = ManualShadow()
    manual.slot.install(ModelHandle("v3", FakeEngine()))
    manual.shadow.compare(manual.request, " mot0")

    def ignore(_: DecodeJob, __: Hypothesis | Exception) -> None: ...

    manual.scheduler.submit(DecodeJob(Lane.RECORDING, manual.request, ModelHandle("v1", FakeEngine()), ignore))
    assert [job.lane for job in manual.scheduler.take() or []] == [Lane.RECORDING]
