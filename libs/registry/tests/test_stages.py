"""One canary, one shadow, and never the version in production."""

from pathlib import Path

import pytest
from carabin.registry.errors import PromotionRefused, VersionMissing
from carabin.registry.layout import manifest_key
from carabin.registry.promote import promote, read_decision
from carabin.registry.resolve import Canary, Decision
from carabin.registry.stages import set_stage
from carabin.registry.store import ObjectStore

from .versions import NAME, NOW, publish_many


def test_a_new_canary_takes_the_place_of_the_old_one(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    production, first, second = publish_many(store, bucket, tmp_path, 3)
    promote(store, bucket, NAME, production, by="a", reason="r", at=NOW)
    set_stage(store, bucket, NAME, first, "canary", share=0.1)
    set_stage(store, bucket, NAME, second, "canary", share=0.2)
    assert read_decision(store, bucket, NAME) == Decision(version=production, canary=Canary(second, 0.2))
    assert store.get_tags(bucket, manifest_key(NAME, first)) == {"stage": "candidate"}
    set_stage(store, bucket, NAME, first, "shadow")
    assert read_decision(store, bucket, NAME).shadow == first


def test_a_promoted_canary_is_no_canary_any_more(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    production, trial = publish_many(store, bucket, tmp_path, 2)
    promote(store, bucket, NAME, production, by="a", reason="r", at=NOW)
    store.set_tags(bucket, manifest_key(NAME, trial), {"stage": "candidate", "ward": "cardiology"})
    set_stage(store, bucket, NAME, trial, "canary", share=0.5)
    promote(store, bucket, NAME, trial, by="a", reason="r", at=NOW)
    assert read_decision(store, bucket, NAME) == Decision(version=trial)
    tags = store.get_tags(bucket, manifest_key(NAME, trial))
    assert "canary-share" not in tags
    assert tags["ward"] == "cardiology", "tags of the hospital's own stay"


def test_what_does_not_fit_is_refused_and_changes_nothing(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    production, trial = publish_many(store, bucket, tmp_path, 2)
    promote(store, bucket, NAME, production, by="a", reason="r", at=NOW)
    for share in (None, 0.0, 1.1, float("nan")):
        with pytest.raises(PromotionRefused, match="needs a share"):
            set_stage(store, bucket, NAME, trial, "canary", share=share)
    with pytest.raises(PromotionRefused, match="only a canary takes a share"):
        set_stage(store, bucket, NAME, trial, "shadow", share=0.5)
    with pytest.raises(PromotionRefused, match="is in production; promote another"):
        set_stage(store, bucket, NAME, production, "archived")
    with pytest.raises(VersionMissing):
        set_stage(store, bucket, NAME, "nothing", "shadow")
    assert read_decision(store, bucket, NAME) == Decision(version=production)
