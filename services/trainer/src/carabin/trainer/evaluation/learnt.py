"""Whether a model has learnt what it is measured on: its lineage names the datasets that it was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from carabin.registry.artifacts.datasets import fetch_dataset, find_dataset
from carabin.registry.disk import scratch_folder
from carabin.registry.errors import CarabinError
from carabin.registry.store import ObjectStore
from carabin.service.errors import ResourcesExhausted

from ..data.dictations import SplitTexts, load_split
from ..data.index import INDEX_FILE, read_index
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
    trained_on: Sequence[str], measured: Mapping[str, Path], store: ObjectStore, bucket: str, scratch: Path
) -> Learnt:
    """Compare recordings and normalised sentences of test splits with the training splits of a lineage's datasets.

    It only warns: a dataset that cannot be read, for whatever reason, is named as one that could not be checked.

    Args:
        trained_on: NAME@VERSION of each.
        measured: the folders of the datasets whose test splits are measured on, by NAME@VERSION; the gate holds them
            apart from the training split of the same version.
        scratch: where the texts of other datasets are fetched to, one at a time.

    Raises:
        ResourcesExhausted: the machine is short of memory or threads, as it would be for all that follows.
    """
    tests = {name: load_split(folder, "test") for name, folder in measured.items()}
    places: dict[str, set[int]] = {name: set() for name in measured}
    holders: dict[str, list[str]] = {name: [] for name in measured}
    warnings = []
    for reference in trained_on:
        others = [name for name in measured if name != reference]
        if not others:
            continue
        try:
            here = measured.get(reference)
            learnt = load_split(here, "train") if here else _training_texts(reference, store, bucket, scratch)
        except ResourcesExhausted:
            raise  # pyarrow may wait for ever in a read behind one that got no thread
        except (CarabinError, OSError) as error:
            warnings.append(f"whether test dictations were learnt from {reference} could not be checked: {error}")
            continue
        for name in others:
            if shared := _shared(tests[name], learnt):
                places[name] |= shared
                holders[name].append(reference)
    found = [
        f"{len(places[name])} of the {len(tests[name])} test dictations of {name} were learnt, the recording or its"
        f" sentence, from {', '.join(holders[name])}: figures on them flatter the model"
        for name in measured
        if places[name]
    ]
    return Learnt(sum(map(len, places.values())), not warnings, (*found, *warnings))


def _training_texts(reference: str, store: ObjectStore, bucket: str, scratch: Path) -> SplitTexts:
    manifest = find_dataset(store, bucket, reference)
    indexed = any(entry.path == INDEX_FILE for entry in manifest.files)
    with scratch_folder(prefix="carabin-learnt-", parent=scratch) as folder:
        only = {INDEX_FILE} if indexed else {"data/train.parquet"}
        fetched = fetch_dataset(store, bucket, manifest, folder / "dataset", only=only)
        return read_index(fetched / INDEX_FILE)["train"] if indexed else load_split(fetched, "train")


def _shared(measured: SplitTexts, learnt: SplitTexts) -> set[int]:
    hashes, sentences = set(learnt.hashes), set(map(normalize, learnt.sentences))
    rows = zip(measured.hashes, measured.sentences, strict=True)
    return {place for place, (digest, text) in enumerate(rows) if digest in hashes or normalize(text) in sentences}
