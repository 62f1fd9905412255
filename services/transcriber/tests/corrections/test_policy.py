"""Under which pseudonyms corrections are kept, and that none are kept without a secret."""

import pytest
from carabin.transcriber.corrections.errors import CorrectionsMisconfigured
from carabin.transcriber.corrections.policy import CorrectionPolicy

SALT = "a salt that is long enough"


def test_pseudonym_is_the_same_for_one_person_and_another_under_another_salt() -> None:
    one = CorrectionPolicy("text", salt=SALT)
    assert one.pseudonym("a") == one.pseudonym("a") != one.pseudonym("b")
    assert one.pseudonym("a") != CorrectionPolicy("text", salt=SALT + "!").pseudonym("a")


def test_retention_without_a_salt_is_refused() -> None:
    with pytest.raises(CorrectionsMisconfigured, match="CORRECTIONS_SALT"):
        CorrectionPolicy("text", salt="short")
