"""The sentences that the demo dictates: of the test split, which no model trained on."""

from carabin.registry.artifacts.datasets import fetch_dataset, latest_dataset
from carabin.registry.connect import connect, store_settings
from carabin.registry.settings import data_dir
from carabin.trainer.data.dictations import load_split
from carabin.trainer.text.normalize import words
from carabin.trainer.text.terms import TermIndex, load_terms

from .dictation import DemoClip
from .plan import Plan

LONGEST_CLIP_S = 7.0


def held_out(plan: Plan) -> list[DemoClip]:
    """Sentences of the test split, each once, those with most medical terms first."""
    store, bucket = connect(), store_settings().datasets_bucket
    manifest = latest_dataset(store, bucket, plan.medical)
    folder = data_dir() / "demo" / f"{manifest.name}-{manifest.version}"
    split = load_split(folder if folder.is_dir() else fetch_dataset(store, bucket, manifest, folder), "test")
    terms = TermIndex(load_terms())
    clips = {
        dictation.sentence: DemoClip(dictation.audio, dictation.sentence)
        for dictation in split
        if dictation.duration_s <= LONGEST_CLIP_S
    }
    return sorted(clips.values(), key=lambda clip: -len(terms.find(words(clip.sentence))))
