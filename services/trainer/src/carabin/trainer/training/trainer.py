"""The training loop: transformers' Seq2SeqTrainer with our batches, our loss and our ways to fail."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from carabin.service.shortage import translate_shortage
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import Seq2SeqTrainer

from ..checkpoints.layout import translate_disk_errors
from ..errors import LossNotFinite, OutOfMemory
from ..features.collate import Batch
from ..features.examples import Examples
from ..features.labels import IGNORED
from ..features.windows import BucketSampler, EpochLoader
from ..models.whisper import logits_of, read_weights, write_weights


def summed_loss(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    """Return the cross entropy summed over the batch's label tokens, float32."""
    logits = logits_of(model, batch)
    wanted = batch["labels"].reshape(-1)
    kept = wanted != IGNORED
    rows = logits.reshape(-1, logits.shape[-1])[kept].float()
    return nn.functional.cross_entropy(rows, wanted[kept], reduction="sum")


class WhisperTrainer(Seq2SeqTrainer):
    """Batches by length, a loss that is the mean over the step's tokens on all processes, errors that name the batch.

    Args:
        model: a Whisper, perhaps in adapters.
        sampler: this process's share of every batch.
        validation: sets whose losses `evaluate` measures; the first decides.
        saved: called with the step and the folder of every checkpoint once it is written.
    """

    def __init__(
        self,
        *,
        model: nn.Module,
        examples: Examples,
        sampler: BucketSampler,
        validation: Mapping[str, EpochLoader],
        saved: Callable[[int, Path], None] | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(model=model, train_dataset=examples, **arguments)
        self._trained, self._examples = model, examples
        self._saved = saved
        self._sampler = sampler
        self._validation = validation
        self._parts = 1
        self.loss_is_scaled_for_ga = True  # divided by the whole step's tokens

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:  # noqa: ARG002 - Trainer's
        """Write a plain Whisper, adapters merged in, and the adapters beside it."""
        write_weights(self._trained, Path(str(output_dir or self.args.output_dir)))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        read_weights(model or self._trained, Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        """Only the process that publishes needs the best weights; another machine's has no such folder."""
        if self.is_world_process_zero():
            read_weights(self._trained, Path(str(self.state.best_model_checkpoint)))

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Save, and once everything is written notify whoever brings it to the store.

        Raises:
            DiskFailed: the disk is full or may not be written.
        """
        folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
        with translate_disk_errors(folder):
            try:
                with translate_shortage(folder):
                    super()._save_checkpoint(model, trial)
            except RuntimeError as error:  # torch.save says where in the file it stood, and not why
                raise OSError(f"no space is left, or the file may not be written ({error})") from error
            if self.is_world_process_zero() and self._saved is not None:
                self._saved(self.state.global_step, folder)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return this process's batches; the sampler has shared them out already."""
        return EpochLoader(self._examples, batch_sampler=self._sampler, collate_fn=self.data_collator)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: ARG002 - Trainer's
        num_items_in_batch: Any = None,
    ) -> Tensor:
        """Return the batch's share of the step's mean token loss.

        Raises:
            LossNotFinite: it is NaN or infinite; the batch's dictations are named.
        """
        total = summed_loss(model, inputs)
        if not torch.isfinite(total):
            raise LossNotFinite(self.state.global_step + 1, self._hashes(inputs["indices"]))
        # Data parallelism averages gradients over processes; the tokens are those of all of them.
        share: Tensor = total * self.args.world_size / num_items_in_batch
        return share

    def training_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Tensor:
        """Take a micro-batch in as many parts as memory needs; a step that does not fit halves them from then on.

        Raises:
            OutOfMemory: one dictation alone does not fit.
        """
        while True:
            grads = [(parameter, parameter.grad) for parameter in model.parameters() if parameter.requires_grad]
            kept = [None if grad is None else grad.clone() for _, grad in grads] if self._may_fail() else None
            try:
                return self._in_parts(model, inputs, num_items_in_batch)
            except torch.OutOfMemoryError as error:
                if kept is None or self._parts >= len(inputs["labels"]):
                    raise OutOfMemory(len(inputs["labels"]), self._parts) from error
                for (parameter, _), grad in zip(grads, kept, strict=True):
                    parameter.grad = grad
                self._parts *= 2
                torch.cuda.empty_cache()
                self._say_halved(len(inputs["labels"]))

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Return each validation set's mean token loss, as `eval_<name>_loss`; the first is `eval_loss`."""
        metrics = {}
        for place, (name, loader) in enumerate(self._validation.items()):
            metrics[f"{metric_key_prefix}_{name}_loss"] = loss = self._mean_loss(loader)
            if place == 0:
                metrics[f"{metric_key_prefix}_loss"] = loss
        self.log(dict(metrics))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _in_parts(self, model: nn.Module, inputs: dict[str, Any], n_items: Any) -> Tensor:
        losses = [
            super(WhisperTrainer, self).training_step(model, part, n_items) for part in split(inputs, self._parts)
        ]
        return torch.stack(losses).sum()

    @torch.no_grad()
    def _mean_loss(self, loader: EpochLoader) -> float:
        self._trained.train(False)
        sums = torch.zeros(2, dtype=torch.float64, device=self.args.device)
        for batch in loader:
            placed = self._prepare_inputs(batch)
            with self.compute_loss_context_manager():
                sums[0] += summed_loss(self._trained, placed)
            sums[1] += (placed["labels"] != IGNORED).sum()
        total, tokens = self.accelerator.reduce(sums).tolist()
        self._trained.train()
        return float(total / tokens)

    def _may_fail(self) -> bool:
        return self.args.device.type == "cuda" and self.args.world_size == 1

    def _say_halved(self, batch_size: int) -> None:
        self.log({"out_of_memory_parts": float(self._parts), "micro_batch": float(-(-batch_size // self._parts))})

    def _hashes(self, indices: Tensor) -> Sequence[str]:
        return [self._examples.texts[index].sha256 for index in indices.tolist()]


def split(batch: Batch, parts: int) -> Iterator[Batch]:
    """Yield the batch's rows in at most `parts` batches of near-equal size."""
    size = -(-len(batch["labels"]) // parts)
    for start in range(0, len(batch["labels"]), size):
        yield {name: value[start : start + size] for name, value in batch.items()}
