"""A version is named by any part that no other has."""

import pytest
from carabin.cli.commands.models.context import AmbiguousName, pick_version
from carabin.registry.errors import VersionMissing

VERSIONS = ["20261101T000000Z-aaaaaaaaaaaa", "20261102T000000Z-abbbbbbbbbbb", "20261103T000000Z-cccccccccccc"]


@pytest.mark.parametrize(("text", "place"), [("latest", 2), (VERSIONS[0], 0), ("abb", 1), ("1103", 2), ("20261102", 1)])
def test_a_part_that_one_version_has_names_it(text: str, place: int) -> None:
    assert pick_version("cardio", VERSIONS, text) == VERSIONS[place]


def test_a_part_that_several_have_names_them_all() -> None:
    with pytest.raises(AmbiguousName, match=f"names 3 versions of cardio: {', '.join(VERSIONS)}"):
        pick_version("cardio", VERSIONS, "2026")


@pytest.mark.parametrize(("versions", "text"), [(VERSIONS, "zzz"), (VERSIONS, ""), ([], "latest")])
def test_what_names_none_says_so(versions: list[str], text: str) -> None:
    with pytest.raises(VersionMissing, match="cardio has no version"):
        pick_version("cardio", versions, text)
