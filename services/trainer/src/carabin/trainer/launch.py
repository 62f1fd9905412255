"""A run with its listeners: terminal or log, gauges, `WatchRun`. The command and the service both start here."""

import logging
import os
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime

from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore
from carabin.service import metrics
from carabin.service.tracing import bind_process_trace
from rich.console import Console

from .runtime.gauges import Gauges
from .runtime.memory import translate_memory_errors
from .runtime.progress import Progress
from .runtime.terminal import show
from .runtime.watch_server import WatchRun, serve
from .settings import TrainerSettings
from .training.train import TrainResult, run_name, train


def launch(
    settings: TrainerSettings,
    store: ObjectStore,
    buckets: StoreSettings,
    console: Console,
    stopped: Callable[[], bool],
    now: datetime,
) -> TrainResult:
    """Do the run that `settings` describe, watched.

    Raises:
        CarabinError: see `train`.
    """
    bind_process_trace()
    progress = Progress(run_name(settings, now))
    # Around the listeners too: where memory is short, they can neither start nor stop their threads.
    with translate_memory_errors(progress.run), ExitStack() as stack:
        if int(os.environ.get("RANK", "0")) == 0:
            shown = show(console)
            stack.callback(shown.close)
            progress.listen(shown)
            if settings.metrics_port is not None:
                server = metrics.serve(settings.metrics_port, header_timeout_s=settings.header_timeout_s)
                stack.callback(server.close)
                progress.listen(Gauges())
            if settings.grpc_port is not None:
                watch = WatchRun()
                stack.callback(serve(watch, settings.grpc_port, settings).stop)
                progress.listen(watch.publish)
        return train(settings, store, buckets=buckets, progress=progress, stopped=stopped)


def quiet() -> None:
    """Keep the libraries' own bars and advice off a terminal that shows ours."""
    from transformers.utils import logging as advice

    advice.set_verbosity_error()  # type: ignore[no-untyped-call]
    advice.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.getLogger("torch.distributed").setLevel(logging.ERROR)
    logging.getLogger("faster_whisper").setLevel(logging.WARNING)  # a line for each dictation that is scored
    warnings.filterwarnings("ignore", module=r"(transformers|peft|torch|accelerate)\.")
