"""The languages of Whisper, and how clients write them."""

from .errors import UnsupportedLanguage

# The codes of OpenAI's multilingual models; the tokenizer of a given model decides whether it knows one.
_MULTILINGUAL = (
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd "
    "si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"
)
CODES = frozenset(_MULTILINGUAL.split())


def normalise_language(language: str | None) -> str | None:
    """Return Whisper's code for a code or a locale such as `fr-FR`; None, which means detect it, stays None.

    Raises:
        UnsupportedLanguage: no Whisper model knows it.
    """
    if language is None:
        return None
    code = language.strip().replace("_", "-").split("-")[0].lower()
    if code not in CODES:
        raise UnsupportedLanguage(language)
    return code
