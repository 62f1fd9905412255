"""What listens to the Trainer: whoever asked us to stop, and whoever watches."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from carabin.service.logging import describe_error
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import TensorBoardCallback
from transformers.trainer_utils import SaveStrategy

from ..runtime.progress import Progress

# The Trainer passes its arguments by name: those that a callback does not need keep their names all the same.
# ruff: noqa: ARG002

log = logging.getLogger(__name__)

_SHOWN: Final = ("loss", "eval_loss", "learning_rate", "grad_norm", "out_of_memory_parts", "micro_batch")


class StopWhenAsked(TrainerCallback):
    """Saves after the step that runs and ends the loop; a run of several processes stops together."""

    def __init__(self, asked: Callable[[], bool]) -> None:
        self._asked = asked
        self.stopped = False

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Stop here; where an epoch ends and is validated and saved anyway, that comes first."""
        if self._asked() and state.global_step < state.max_steps:
            self.stopped = True
            control.should_training_stop = True
            control.should_save = not (_epoch_ends(state) and args.save_strategy == SaveStrategy.EPOCH)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """A part of an epoch is not validated: the resumed run validates the whole one."""
        if self.stopped and not _epoch_ends(state):
            control.should_evaluate = False
            control.should_save = False


class Report(TrainerCallback):
    """Moves the progress and passes on what the Trainer logs."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self._progress.advance(state.global_step, state.max_steps)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        shown = {name: float(value) for name, value in (logs or {}).items() if name in _SHOWN or name.endswith("_loss")}
        if shown and state.is_world_process_zero and "train_loss" not in shown:
            self._progress.metrics(state.global_step, shown)


class Curves(TensorBoardCallback):
    """Draws what the Trainer logs for TensorBoard; curves that cannot be written end, and the training goes on.

    Args:
        folder: where TensorBoard reads them.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.logging_dir = str(folder)
        self._ended = False

    def on_train_begin(self, *args: Any, **kwargs: Any) -> None:
        """Draw the settings, and the model's configuration."""
        self._draw(super().on_train_begin, *args, **kwargs)

    def on_log(self, *args: Any, **kwargs: Any) -> None:
        """Draw what was logged."""
        self._draw(super().on_log, *args, **kwargs)

    def on_train_end(self, *args: Any, **kwargs: Any) -> None:
        """Close the file."""
        self._draw(super().on_train_end, *args, **kwargs)

    def _draw(self, call: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        if self._ended:
            return
        try:
            call(*args, **kwargs)
        except Exception as error:  # of the disk, or of a thread that may not be started
            self._ended = True
            extra = {"event": "curves_ended", "folder": str(self.logging_dir)}
            log.warning("the curves for TensorBoard end here", extra=extra | describe_error(error))


def _epoch_ends(state: TrainerState) -> bool:
    return state.epoch is not None and float(state.epoch).is_integer()
