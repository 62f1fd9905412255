"""Languages are Whisper's codes, however clients write them."""

import pytest
from carabin.transcriber.core.errors import UnsupportedLanguage
from carabin.transcriber.core.languages import normalise_language


@pytest.mark.parametrize(
    ("written", "code"), [("fr", "fr"), ("fr-FR", "fr"), ("pt_BR", "pt"), (" EN ", "en"), ("yue", "yue"), (None, None)]
)
def test_a_code_or_a_locale_is_a_code(written: str | None, code: str | None) -> None:
    assert normalise_language(written) == code


@pytest.mark.parametrize("written", ["", "xx", "french", "<|fr|>"])
def test_anything_else_is_refused_by_name(written: str) -> None:
    with pytest.raises(UnsupportedLanguage, match=repr(written).replace("|", r"\\|")):
        normalise_language(written)
