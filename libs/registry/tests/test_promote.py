"""Production is never ambiguous: not in a race, not after a crash, not when a human sets the tag."""

from pathlib import Path

import pytest
from carabin.registry.errors import StalePromotion, VersionMissing
from carabin.registry.layout import manifest_key
from carabin.registry.promote import promote, read_decision
from carabin.registry.promotions import read_log
from carabin.registry.resolve import Decision, LogHead, resolve
from carabin.registry.store import ObjectStore
from hypothesis import given
from hypothesis import strategies as st

from .versions import NOW, publish_many


def test_promotion_moves_production_and_rollback_is_a_promotion(
    store: ObjectStore, bucket: str, tmp_path: Path
) -> None:
    old, new = publish_many(store, bucket, tmp_path, 2)
    for version in (old, new, old):
        promote(store, bucket, "cardio", version, by="Zoé", reason="essai", at=NOW)
    assert read_decision(store, bucket, "cardio") == Decision(version=old)
    assert store.get_tags(bucket, manifest_key("cardio", new))["stage"] == "archived"
    log = read_log(store, bucket, "cardio")
    assert [(record.number, record.version, record.previous) for record in log] == [
        (1, old, None),
        (2, new, old),
        (3, old, new),
    ]
    assert log[0].by == "Zoé"


def test_a_tag_set_by_hand_with_any_tool_is_a_promotion(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    _, by_hand = publish_many(store, bucket, tmp_path, 2)
    store.set_tags(bucket, manifest_key("cardio", by_hand), {"stage": "production"})
    assert read_decision(store, bucket, "cardio").version == by_hand


def test_an_unexpected_holder_stops_the_promotion(store: ObjectStore, bucket: str, tmp_path: Path) -> None:
    first, second = publish_many(store, bucket, tmp_path, 2)
    promote(store, bucket, "cardio", first, by="a", reason="r", at=NOW)
    with pytest.raises(StalePromotion, match=f"production is {first}, not {second}"):
        promote(store, bucket, "cardio", second, by="a", reason="r", at=NOW, expect=second)
    assert len(read_log(store, bucket, "cardio")) == 1


def test_a_version_that_was_never_published_cannot_be_promoted(store: ObjectStore, bucket: str) -> None:
    with pytest.raises(VersionMissing):
        promote(store, bucket, "cardio", "nothing", by="a", reason="r", at=NOW)
    assert read_log(store, bucket, "cardio") == []


VERSIONS = st.sampled_from(["v1", "v2", "v3", "v4"])
TAGS = st.fixed_dictionaries(
    {},
    optional={"stage": st.sampled_from(["candidate", "production", "archived"]), "promotion-seq": st.text(max_size=3)},
)


HEADS = st.none() | st.builds(LogHead, st.integers(1, 12), VERSIONS)


@given(st.dictionaries(VERSIONS, TAGS), HEADS)
def test_any_tags_resolve_to_at_most_one_holder(tags: dict[str, dict[str, str]], head: LogHead | None) -> None:
    decision = resolve(tags, head)
    holders = {version for version, value in tags.items() if value.get("stage") == "production"}
    named = {decision.version, *decision.rivals} - {None}
    assert named == holders
    assert decision.version not in decision.rivals
    assert (decision.version is None) == (not holders)


@pytest.mark.parametrize(
    ("tags", "winner"),
    [
        (
            {"v1": {"stage": "production", "promotion-seq": "3"}, "v2": {"stage": "production", "promotion-seq": "2"}},
            "v1",
        ),
        (
            {"v1": {"stage": "production", "promotion-seq": "10"}, "v2": {"stage": "production", "promotion-seq": "9"}},
            "v1",
        ),
        ({"v1": {"stage": "production", "promotion-seq": "1"}, "v2": {"stage": "production"}}, "v1"),
        ({"v1": {"stage": "production"}, "v2": {"stage": "production"}}, "v2"),
        ({"v1": {"stage": "production", "promotion-seq": "²"}, "v2": {"stage": "production"}}, "v2"),
        ({"v1": {"stage": "candidate"}}, None),
    ],
)
def test_of_several_holders_the_highest_number_then_the_greatest_version_wins(
    tags: dict[str, dict[str, str]], winner: str | None
) -> None:
    assert resolve(tags).version == winner
