"""Tests of what a voice is given to say, so that a listener would write the label."""

import pytest
from carabin.trainer.synthesis.spoken_text import SPOKEN_UNITS, spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("8,5 mg/L", "8,5 milligrammes par litre"),
        ("140/80 mmHg", "140 sur 80 millimètres de mercure"),
        ("0,3 µg/kg/min", "0,3 microgrammes par kilo par minute"),
        ("hernie L4-L5", "hernie L4 L5"),
        ("l'œdème du cœur", "l'édème du keur"),
        ("sus-décalage", "sus décalage"),
        ("38,5 °C", "38,5 degrés"),
    ],
)
def test_labels_are_respelled_for_the_voice(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize("unit", SPOKEN_UNITS)
def test_each_unit_behind_a_number_is_said_in_full_with_or_without_a_space(unit: str) -> None:
    assert spoken(f"12 {unit}, puis 3{unit}.") == f"12 {SPOKEN_UNITS[unit]}, puis 3 {SPOKEN_UNITS[unit]}."


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2 g/j", "2 grammes par jour"),
        ("90 mL/min", "90 millilitres par minute"),
        ("7 g/dL", "7 grammes par décilitre"),
        ("5 UI/h", "5 unités internationales par heure"),
    ],
)
def test_what_a_measure_is_per_is_said_in_the_singular(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize("text", ["depuis 3 jours", "2 gestes", "5 mois", "le g de mg", "1 Lasilix", "12 cmd"])
def test_letters_that_are_no_unit_are_left(text: str) -> None:
    assert spoken(text) == text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("douleur à 7/10", "douleur à 7 sur 10"),
        ("et/ou", "et/ou"),
        ("D12-L1", "D12 L1"),
        ("L4-L5-S1", "L4 L5 S1"),
        ("score NIHSS à 4", "score N I H S S à 4"),
        ("D-dimères", "dé dimères"),
        ("T-score à -2,5", "té score à -2,5"),
        ("fièvre - toux", "fièvre - toux"),
    ],
)
def test_ratios_vertebrae_and_spelled_names_are_said_as_they_sound(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Cœur", "Keur"),
        ("manœuvre", "maneuvre"),
        ("Œuf", "Euf"),
        ("l'œil", "l'euil"),
        ("cœlioscopie", "célioscopie"),
        ("Œsophage", "Ésophage"),
    ],
)
def test_a_ligature_is_spelled_by_the_sound_it_has_there(written: str, said: str) -> None:
    assert spoken(written) == said
