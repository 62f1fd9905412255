"""Resolving is a pure function: any tags, however they came, name at most one holder, and hide nothing."""

import pytest
from carabin.registry.stages.resolve import Canary, LogHead, resolve
from hypothesis import given
from hypothesis import strategies as st

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


STAGED = st.fixed_dictionaries(
    {"stage": st.sampled_from(["candidate", "production", "archived", "canary", "shadow", "?"])},
    optional={
        "promotion-seq": st.integers(0, 12).map(str) | st.text(max_size=3),
        "canary-share": st.floats().map(str) | st.text(max_size=4),
    },
)


@given(st.dictionaries(VERSIONS, STAGED), HEADS)
def test_nothing_but_the_tags_decides_and_every_conflict_is_said(
    tags: dict[str, dict[str, str]], head: LogHead | None
) -> None:
    decision = resolve(tags, head)
    assert resolve(dict(reversed(tags.items())), head) == decision, "their order is no matter"
    if decision.canary:
        assert tags[decision.canary.version]["stage"] == "canary"
        assert 0 < decision.canary.share <= 1
    if decision.shadow:
        assert tags[decision.shadow]["stage"] == "shadow"
    crowded = any(sum(value["stage"] == stage for value in tags.values()) > 1 for stage in ("production", "shadow"))
    assert not crowded or decision.problems
    assert not decision.pending or decision.problems
    if decision.pending:
        assert tags[decision.pending]["stage"] != "production"


@pytest.mark.parametrize(
    ("share", "canary"),
    [("0.1", Canary("v2", 0.1)), ("1", Canary("v2", 1.0)), ("0", None), ("1.5", None), ("nan", None), ("ten", None)],
)
def test_a_canary_takes_a_readable_share_or_nothing(share: str, canary: Canary | None) -> None:
    decision = resolve({"v1": {"stage": "production"}, "v2": {"stage": "canary", "canary-share": share}})
    assert decision.version == "v1"
    assert decision.canary == canary
    assert bool(decision.problems) == (canary is None)


def test_of_several_canaries_and_shadows_the_greatest_version_is_taken() -> None:
    tags = {version: {"stage": "canary", "canary-share": "0.2"} for version in ("v1", "v3", "v2")}
    tags |= {version: {"stage": "shadow"} for version in ("v5", "v4")}
    decision = resolve(tags)
    assert decision.canary == Canary("v3", 0.2)
    assert decision.shadow == "v5"
    assert len(decision.problems) == 2


@pytest.mark.parametrize(
    ("tags", "pending"),
    [
        ({"stage": "candidate"}, True),
        ({"stage": "archived", "promotion-seq": "4"}, True),
        ({"stage": "archived", "promotion-seq": "5"}, False),
        ({"stage": "production"}, False),
        ({"stage": "production", "promotion-seq": "4"}, False),
    ],
)
def test_a_promotion_is_pending_until_its_number_reached_the_tag(tags: dict[str, str], pending: bool) -> None:
    decision = resolve({"v1": tags, "v0": {"stage": "production", "promotion-seq": "1"}}, LogHead(5, "v1"))
    assert (decision.pending == "v1") == pending


def test_a_promotion_of_a_version_that_was_pruned_is_not_pending() -> None:
    assert resolve({"v1": {"stage": "production"}}, LogHead(5, "v0")).pending is None
