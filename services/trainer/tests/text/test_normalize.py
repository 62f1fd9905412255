"""Two writings of the same spoken words are equal after normalising; different words never become equal."""

import pytest
from carabin.trainer.synthesis.spoken_text import spoken
from carabin.trainer.text.corpus import general_sentences, medical_sentences
from carabin.trainer.text.normalize import fold_accents, normalize, words
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Amoxicilline 500 mg.", "amoxicilline cinq cents milligrammes"),
        ("à 8,5 mg/L", "à huit virgule cinq milligrammes par litre"),
        ("à 8,5 mg/L", "à 8.5mg/l"),
        ("tension à 140/80 mmHg", "tension à 140 sur 80 millimètres de mercure"),
        ("L'œdème", "l’oedème"),
        ("hernie L4-L5 gauche", "hernie L quatre L cinq gauche"),
        ("60 000 plaquettes", "60000 plaquettes"),
        ("pouls 80/min, 3 par jour", "pouls 80 par minute, 3 / j"),
        ("14 500 par millimètre cube", "14500/mm3"),
        ("35 %", "trente-cinq pour cent"),
        ("38,5 °C", "38,5 degrés"),
        ("80 mg/kg/j", "80 milligrammes par kilo par jour"),
        ("énoxaparine 4000 UI", "énoxaparine 4 000 unités internationales"),
        ("0,3 µg/kg/min", "0,3 microgramme par kilo par minute"),
        ("trois fois par jour", "3 fois par jour"),
        ("la troisième poussée", "la 3ème poussée"),
        ("T-score à -3,2", "T score à moins 3,2"),
        ("20 h 30", "20h30"),
        ("Dr Martin", "docteur Martin"),
        ("sus-décalage (ST)", "sus décalage ST"),
        ("e\u0301panchement", "épanchement"),
        ("120 battements par minute", "120 bpm"),
        ("digoxine 0,125 mg", "digoxine 0.125mg"),
        ("1.250.000 unités", "1 250 000 unités"),
        ("60 000, puis 70 000", "60000 puis 70000"),
        ("1 250,5 g", "1.250,5 g"),
        ("kaliémie < 3", "kaliémie inférieure à trois"),
        ("kaliémie > à 5,5", "kaliémie supérieure à 5,5"),
        ("scores ≤ -2,5", "scores inférieurs ou égaux à moins deux virgule cinq"),
        ("fièvre >=38", "fièvre supérieure ou égale à trente-huit"),
        ("fièvre ≥ 38", "fièvre >= 38"),
        ("patient -> bloc", "patient bloc"),
    ],
)
def test_the_same_words_are_equal(first: str, second: str) -> None:
    assert normalize(first) == normalize(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("5 mg", "5 µg"),
        ("0,5 mg", "5 mg"),
        ("8,5 %", "8 5 %"),
        ("gauche", "droite"),
        ("pas de fièvre", "de fièvre"),
        ("140/80 mmHg", "140/90 mmHg"),
        ("côté", "cote"),
        ("mesure (ST)", "mesure"),
        ("85 %", "85"),
        ("5 mg/j", "5 mg/kg/j"),
        ("L4-L5", "L4-S1"),
        ("moins 3,2", "3,2"),
        ("1.250 g", "1250 g"),
        ("1.250 g", "1,250 g"),
        ("0.125 mg", "125 mg"),
        ("0 500 mg", "0500 mg"),
        ("kaliémie < 3", "kaliémie > 3"),
        ("kaliémie < 3", "kaliémie 3"),
        ("kaliémie ≤ 3", "kaliémie < 3"),
        ("≥ 5 mg", "≤ 5 mg"),
        ("membre inférieur à plâtrer", "jambe inférieure à plâtrer"),
    ],
)
def test_different_words_stay_different(first: str, second: str) -> None:
    assert normalize(first) != normalize(second)


def test_elisions_are_words_of_their_own() -> None:
    assert words("L'œsophagite d'origine peptique, aujourd'hui") == [
        "l", "oesophagite", "d", "origine", "peptique", "aujourdhui",
    ]  # fmt: skip


def test_accents_may_be_forgiven_without_losing_units() -> None:
    assert fold_accents("hémoglobine à 75 µg/j, 38 °") == "hemoglobine a 75 µg/j, 38 °"


def test_what_the_voice_is_given_means_what_the_label_says() -> None:
    respelled = ("œ", "nihss", "d-dimères", "t-score")  # written as they sound, for the voice alone
    sentences = [sentence.text for sentence in (*medical_sentences(), *general_sentences())]
    plain = [sentence for sentence in sentences if not any(mark in sentence.lower() for mark in respelled)]
    assert [sentence for sentence in plain if normalize(spoken(sentence)) != normalize(sentence)] == []
    assert len(plain) > 500


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"])))
def test_any_text_is_normalised_into_single_spaced_words(text: str) -> None:
    once = normalize(text)
    assert once == " ".join(once.split())
    assert once == once.lower()
