"""Whether a model has learnt what it is measured on: its lineage names the datasets that it was trained on."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from carabin.registry.artifacts.datasets import fetch_dataset, find_dataset
from carabin.registry.errors import ManifestInvalid, ObjectMissing, VersionMissing
from carabin.registry.store import ObjectStore

from ..data.dictations import SplitTexts, load_split
from ..data.index import INDEX_FILE, read_index
from ..errors import DatasetInvalid
from ..text.normalize import normalize

BASE_DATASETS = "base_datasets"
"""In a lineage: what the base had learnt before, NAME@VERSION with spaces between."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """How many of the measured dictations were learnt, and what to say of it."""

    dictations: int
    checked: bool
    """False where a dataset of the lineage is no longer there: more may have been learnt."""
    warnings: tuple[str, ...]


def datasets_of(source: Mapping[str, str]) -> list[str]:
    """Return NAME@VERSION of each dataset that a lineage names, of the run's own and of its base's."""
    own = [f"{source[key]}@{source[f'{key}_version']}" for key in ("dataset", "replay") if f"{key}_version" in source]
    return list(dict.fromkeys([*own, *source.get(BASE_DATASETS, "").split()]))


def learnt_before(
    trained_on: Sequence[str], measured: Mapping[str, SplitTexts], store: ObjectStore, bucket: str
) -> Learnt:
    """Compare recordings and normalised sentences of test splits with the training splits of a lineage's datasets.

    Args:
        trained_on: NAME@VERSION of each.
        measured: test splits by NAME@VERSION; the gate holds them apart from the training split of the same version.
    """
    places: dict[str, set[int]] = {name: set() for name in measured}
    holders: dict[str, list[str]] = {name: [] for name in measured}
    warnings = []
    for reference in trained_on:
        others = [name for name in measured if name != reference]
        if not others:
            continue
        try:
            learnt = _training_texts(reference, store, bucket)
        except (VersionMissing, ObjectMissing, ManifestInvalid, DatasetInvalid) as error:
            warnings.append(f"whether test dictations were learnt from {reference} could not be checked: {error}")
            continue
        for name in others:
            if shared := _shared(measured[name], learnt):
                places[name] |= shared
                holders[name].append(reference)
    found = [
        f"{len(places[name])} of the {len(measured[name])} test dictations of {name} were learnt, the recording or its"
        f" sentence, from {', '.join(holders[name])}: figures on them flatter the model"
        for name in measured
        if places[name]
    ]
    return Learnt(sum(map(len, places.values())), not warnings, (*found, *warnings))


def _training_texts(reference: str, store: ObjectStore, bucket: str) -> SplitTexts:
    manifest = find_dataset(store, bucket, reference)
    indexed = any(entry.path == INDEX_FILE for entry in manifest.files)
    with tempfile.TemporaryDirectory(prefix="carabin-learnt-") as scratch:
        only = {INDEX_FILE} if indexed else {"data/train.parquet"}
        folder = fetch_dataset(store, bucket, manifest, Path(scratch) / "dataset", only=only)
        return read_index(folder / INDEX_FILE)["train"] if indexed else load_split(folder, "train")


def _shared(measured: SplitTexts, learnt: SplitTexts) -> set[int]:
    hashes, sentences = set(learnt.hashes), set(map(normalize, learnt.sentences))
    rows = zip(measured.hashes, measured.sentences, strict=True)
    return {place for place, (digest, text) in enumerate(rows) if digest in hashes or normalize(text) in sentences}
