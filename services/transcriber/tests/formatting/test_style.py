"""The spaces before signs in French typography and in plain text."""

import pytest
from carabin.transcriber.formatting.style import FRENCH, PLAIN


@pytest.mark.parametrize(
    ("sign", "french", "plain"),
    [
        (":", "\u00a0", " "),
        (";", "\u202f", " "),
        ("?", "\u202f", " "),
        ("!", "\u202f", " "),
        (",", "", ""),
        (".", "", ""),
        ("…", "", ""),
    ],
)
def test_space_before_a_sign_is_what_the_imprimerie_nationale_asks_or_a_plain_one(
    sign: str, french: str, plain: str
) -> None:
    assert FRENCH.before(sign) == french
    assert PLAIN.before(sign) == plain


def test_plain_text_adds_only_characters_of_latin_1() -> None:
    added = PLAIN.thin + PLAIN.colon + PLAIN.opening_quote + PLAIN.closing_quote + PLAIN.quote_space + PLAIN.ellipsis
    assert set(added.encode("latin-1")) <= set(b' ".')
