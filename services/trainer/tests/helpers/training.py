"""A random Whisper of one narrow layer and a dataset of tones: training's mechanics without its cost."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from carabin.registry.artifacts.checkpoints import RunRecord
from carabin.registry.artifacts.datasets import SplitCount, publish_dataset
from carabin.registry.layout import run_key
from carabin.registry.settings import StoreSettings
from carabin.registry.store import ObjectStore
from carabin.registry.testing.memory import MemoryStore
from carabin.trainer.datasets.parquet import DatasetRow, write_dataset
from carabin.trainer.models.ct2_import import import_ct2
from carabin.trainer.runtime.progress import Progress, RunEvent
from carabin.trainer.settings import TrainerSettings
from carabin.trainer.training.train import TrainResult, train
from pydantic import SecretStr
from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

SENTENCES = (
    "Le patient tousse.",
    "Pas de fièvre.",
    "Toux sèche depuis lundi.",
    "Douleur thoracique gauche.",
    "Examen normal.",
    "Paracétamol 500 mg.",
    "Pas de fracture visible.",
    "Souffle au foyer aortique.",
    "Retour à domicile.",
    "Contrôle dans un mois.",
    "Tension stable.",
    "Foie de taille normale.",
)
BUCKETS = StoreSettings(endpoint="memory", access_key="tests", secret_key=SecretStr("tests"))


def tiny_whisper(embedded: Path, target: Path, *, width: int = 32, n_mels: int = 80, seed: int = 0) -> Path:
    """Write a random Whisper of `width` with the embedded model's tokenizer and settings."""
    config = WhisperConfig.from_pretrained(embedded)
    config.d_model, config.encoder_ffn_dim, config.decoder_ffn_dim = width, 2 * width, 2 * width
    config.num_mel_bins = n_mels
    config.encoder_layers = config.decoder_layers = 1
    config.encoder_attention_heads = config.decoder_attention_heads = 2
    torch.manual_seed(seed)
    model = WhisperForConditionalGeneration(config)
    model.generation_config = GenerationConfig.from_pretrained(embedded)
    model.generation_config.alignment_heads = [[0, 0]]
    model.save_pretrained(target)
    for name in ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"):
        shutil.copyfile(embedded / name, target / name)
    features = json.loads((embedded / "preprocessor_config.json").read_text())
    (target / "preprocessor_config.json").write_text(json.dumps({**features, "feature_size": n_mels}))
    return target


def rebuilt_base(installed: Path, target: Path) -> Path:
    """Return the embedded base model in Hugging Face form."""
    return import_ct2(installed, target)


def tones(folder: Path, *, seed: int = 0) -> Path:
    """Write a dataset of noise between 0.4 and 2.5 s: nothing to learn, everything to compute."""
    rng = np.random.default_rng(seed)

    def row(sentence: str) -> DatasetRow:
        samples = rng.normal(0, 0.1, int(16_000 * rng.uniform(0.4, 2.5))).astype(np.float32)
        return DatasetRow.of(samples, sentence, "nobody", "noise")

    held_out = [f"{sentence} Mesuré." for sentence in SENTENCES]
    splits = {"train": SENTENCES, "validation": held_out[:3], "test": held_out[3:5]}
    write_dataset(folder, {split: [row(sentence) for sentence in sentences] for split, sentences in splits.items()})
    return folder


def a_store(*folders: Path) -> MemoryStore:
    """Return a store that holds each folder as a dataset of its name."""
    store = MemoryStore()
    for bucket in (BUCKETS.datasets_bucket, BUCKETS.checkpoints_bucket, BUCKETS.models_bucket):
        store.ensure_bucket(bucket)
    for folder in folders:
        counts = {"train": SplitCount(dictations=len(SENTENCES), duration_s=15.0)}
        publish_dataset(
            store,
            BUCKETS.datasets_bucket,
            folder.name,
            folder,
            datetime(2026, 1, 1, tzinfo=UTC),
            source={},
            counts=counts,
        )
    return store


@dataclass
class EventRecorder:
    """A listener that remembers."""

    events: list[RunEvent] = field(default_factory=list)

    def __call__(self, event: RunEvent) -> None:
        self.events.append(event)

    @property
    def losses(self) -> list[tuple[int, float]]:
        """(step, loss) of every logged training loss."""
        return [(event.step, event.metrics["loss"]) for event in self.events if "loss" in event.metrics]

    @property
    def texts(self) -> str:
        return "\n".join(event.text for event in self.events if event.text)


def settings(base: Path, work: Path, /, **changes: Any) -> TrainerSettings:
    """Return settings for a few quick steps that evaluate as little as can be."""
    values: dict[str, Any] = {
        "dataset": "tones",
        "base": str(base),
        "run": "r",
        "work_dir": work,
        "mode": "full",
        "max_steps": 6,
        "checkpoint_steps": 2,
        "batch_size": 4,
        "precision": "fp32",
        "interpolation_weights": (1.0,),
        "evaluate": False,
        "evaluate_limit": 1,
        "full_window": False,
        "upload_interval_s": 0.0,
        "patience": 0,
        "train_embeddings": False,
        "learning_rate": 1e-3,
    }
    return TrainerSettings.load(**{**values, **changes})


def run(
    wanted: TrainerSettings,
    store: ObjectStore,
    *,
    stopped: Callable[[], bool] = lambda: False,
    recorder: EventRecorder | None = None,
) -> TrainResult:
    """Train, listening."""
    return train(
        wanted,
        store,
        buckets=BUCKETS,
        progress=Progress(wanted.run or "r", (recorder or EventRecorder(),)),
        stopped=stopped,
    )


def run_record(store: ObjectStore, bucket: str, run: str) -> RunRecord:
    """Return how the run stands, as it is stored."""
    return RunRecord.from_bytes(store.get(bucket, run_key(run)), run)
