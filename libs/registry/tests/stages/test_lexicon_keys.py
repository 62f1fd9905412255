"""A lexicon's name in the store says for whom it is, and holds no person's name."""

import pytest
from carabin.registry.errors import PromotionRefused, UnsafePath
from carabin.registry.stages.lexicon_keys import (
    canonical_name,
    identity_lexicon,
    lexicon_key,
    name_and_version,
    promotable_name,
)


def test_person_stands_as_a_digest_which_is_left_as_it_is() -> None:
    name = canonical_name("identity.Dr. Ève Martin <eve@hopital.example>")
    assert name == identity_lexicon("Dr. Ève Martin <eve@hopital.example>")
    assert "martin" not in name.casefold()
    assert canonical_name(name) == name
    assert lexicon_key("whisper", name, "v1") == f"whisper.lexicon.{name}/versions/v1/lexicon.tsv"


@pytest.mark.parametrize("name", ["cardiologie", "specialty.cardiologie", "vocabulary.cardiologie"])
def test_other_names_are_those_of_the_store(name: str) -> None:
    assert canonical_name(name) == name


@pytest.mark.parametrize("name", ["../other", "a/b", ""])
def test_name_that_would_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(UnsafePath):
        lexicon_key("whisper", name, "v1")


@pytest.mark.parametrize("name", ["cardiologie", "specialty.cardio", "specialty.a.b", "vocabulary.cardio"])
def test_plain_name_and_one_behind_a_prefix_are_promoted_as_they_are(name: str) -> None:
    assert promotable_name(name) == name


def test_person_may_have_any_name() -> None:
    assert promotable_name("identity.Dr. Ève\nMartin ") == identity_lexicon("Dr. Ève\nMartin ")


@pytest.mark.parametrize(
    "name", ["speciality.cardio", "Specialty.cardio", "foo.bar", ".tsv", "cardio.v2", "Identity.m"]
)
def test_dot_behind_anything_else_is_refused_before_every_session_uses_it(name: str) -> None:
    with pytest.raises(PromotionRefused, match=r"begins with none of specialty\., vocabulary\., identity\."):
        promotable_name(name)


@pytest.mark.parametrize("name", ["specialty.", "vocabulary.", "identity.", "identity. "])
def test_prefix_alone_is_refused(name: str) -> None:
    with pytest.raises(PromotionRefused, match="nothing behind its dot"):
        promotable_name(name)


@pytest.mark.parametrize("name", ["", " "])
def test_empty_name_is_refused(name: str) -> None:
    with pytest.raises(PromotionRefused, match="is empty"):
        promotable_name(name)


@pytest.mark.parametrize(
    ("given", "name", "version"),
    [
        ("cardio", "cardio", None),
        ("cardio@", "cardio", None),
        ("cardio@2099", "cardio", "2099"),
        ("specialty.cardio@20261124T101500-0123abcd", "specialty.cardio", "20261124T101500-0123abcd"),
        ("identity.eve@chu.example", identity_lexicon("eve@chu.example"), None),
        ("identity.eve@chu@20261124T101500-0123abcd", identity_lexicon("eve@chu"), "20261124T101500-0123abcd"),
    ],
)
def test_version_stands_behind_the_name_and_a_person_may_have_an_address(
    given: str, name: str, version: str | None
) -> None:
    assert name_and_version(given) == (name, version)
