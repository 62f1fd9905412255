"""Where a run starts: its datasets and base on this machine, and the checkpoint that it goes on from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from transformers import WhisperForConditionalGeneration

from ..checkpoints.layout import step_of
from ..checkpoints.lineage import fingerprint, lineage
from ..checkpoints.resume import RunFingerprint, restore
from ..datasets.local import LocalDataset, Replay, fetch, plan_replay
from ..evaluation.learnt import BASE_DATASETS, datasets_of, learnt_before
from ..finishing.candidate_evaluation import EvaluationSets
from ..models.resolve import pin, resolve_base, source_of
from ..models.whisper import architecture, load_whisper
from ..runtime.run import RunContext
from ..text.terms import load_terms

TEST_LEARNT: Final = "test_learnt"
"""In a checkpoint's lineage: what of its test was learnt, by its base or by this run."""


@dataclass(frozen=True)
class Start:
    """What a run begins or goes on with."""

    dataset: LocalDataset
    replay: Replay
    base: Path
    model: WhisperForConditionalGeneration
    identity: RunFingerprint
    source: dict[str, str]
    resume: Path | None
    """The local checkpoint to go on from; None at the beginning."""

    def evaluation_sets(self) -> EvaluationSets:
        """Return what the candidates are scored on."""
        return EvaluationSets(
            validation=self.dataset.split("validation"),
            general_validation=self.replay.validation,
            test=self.dataset.split("test"),
            general_test=self.replay.test,
            terms=load_terms(),
        )


def begin(run: RunContext) -> Start:
    """Fetch what the run learns from and find where it goes on.

    Raises:
        CarabinError: a dataset or the base is missing or refused, or the checkpoint found is of another run.
    """
    settings = run.settings
    with run.progress.phase("fetch dataset and base model"), run.main_first():
        dataset = fetch(run.store, run.datasets_bucket, settings.dataset, run.cache)
        general = fetch(run.store, run.datasets_bucket, settings.replay, run.cache) if settings.replay else None
        pinned = pin(settings.base, lambda: run.store)
        base = resolve_base(pinned, run.cache, lambda: run.store)
        model = load_whisper(base)
        identity = RunFingerprint(
            architecture=architecture(model),
            base=fingerprint(base),
            dataset=dataset.sha256,
            replay=general.sha256 if general else "",
            schedule=run.schedule(),
        )
        resume = restore(run.store, run.bucket, run.name, run.work, identity)
    run.agree(step_of(resume) if resume else 0)
    medical = dataset.split("train")
    replay = plan_replay(general, len(medical), settings.replay_share, settings.seed) if general else Replay((), (), ())
    if replay.wanted:
        run.progress.note(str(replay))
    if resume:
        run.progress.note(f"goes on from {resume.name}")
    source = lineage(run.name, settings.base, dataset, general, identity)
    if before := datasets_of(source_of(pinned, run.store)):
        source[BASE_DATASETS] = " ".join(before)
    if run.main:
        here = {str(each): each.folder for each in (dataset, general) if each}
        learnt = learnt_before(datasets_of(source), here, run.store, run.datasets_bucket, run.cache)
        for warning in learnt.warnings:
            run.progress.note(warning)
        if learnt.warnings:
            source[TEST_LEARNT] = "; ".join(learnt.warnings)
    run.write_record(source=source)
    return Start(dataset, replay, base, model, identity, source, resume)
