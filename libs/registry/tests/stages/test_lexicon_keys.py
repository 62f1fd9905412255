"""A lexicon's name in the store says for whom it is, and holds no person's name."""

import pytest
from carabin.registry.errors import UnsafePath
from carabin.registry.stages.lexicon_keys import canonical_name, identity_lexicon, lexicon_key


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
