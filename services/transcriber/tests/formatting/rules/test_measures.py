"""Units and what they are divided by; a word that is a unit only in company stays a word alone."""

import pytest
from carabin.transcriber.formatting.rules.measures import read_denominators, read_measure, read_rate

from ..matching import place


@pytest.mark.parametrize(
    ("said", "symbol", "words"),
    [
        ("5 |milligrammes", "mg", 1),
        ("5 |mg", "mg", 1),
        ("5 |ml par minute", "mL/min", 3),
        ("5 |miligrames par kilo", "mg/kg", 3),
        ("4,2 |ng/ml", "ng/mL", 3),
        ("5 |mg / kg/jour", "mg/kg/j", 5),
        ("45 |ml/min/1,73m2", "mL/min/1,73 m²", 6),
        ("20 |mg/jour", "mg", 1),
        ("12 |mm / 8", "mm", 1),
        ("5 |mili grammes", "mg", 2),
        ("5 |milli-grammes", "mg", 1),
        ("5 |centimetres", "cm", 1),
        ("5 |kilo grammes", "kg", 2),
        ("5 |grammes par décilite", "g/dL", 3),
        ("37|°C", "°C", 2),
        ("75 |mg par maître carré", "mg/m²", 4),
        ("5 |%", "%", 1),
        ("15 |milligrammes par kilo par jour", "mg/kg/j", 5),
        ("5 |microgrammes par kilo par minute", "µg/kg/min", 5),
        ("75 |mg par m²", "mg/m²", 3),
        ("80 |millimètres de mercure", "mmHg", 3),
        ("200 |giga par litre", "G/L", 3),
        ("90 |millilitres par minute par un virgule soixante-treize mètre carré", "mL/min/1,73 m²", 9),
        ("90 |mL par min par 1,73 m²", "mL/min/1,73 m²", 6),
        ("500 |mL par vingt-quatre heures", "mL/24 h", 4),
        ("400 |milligrammes par jour", "mg", 1),  # « par jour » belongs to the symbol only behind a weight.
        ("3 |millimètres par litre", "mm", 1),  # A length in a volume is a misheard millimole: nothing is joined.
        ("90 |mL par min par 1,8 m²", "mL/min", 3),
    ],
)
def test_unit_is_read_with_the_denominators_that_fit_it(said: str, symbol: str, words: int) -> None:
    stream, index = place(said)
    measure = read_measure(stream, index)
    assert measure is not None
    assert (measure.symbol, measure.end - index) == (symbol, words)


@pytest.mark.parametrize(
    "said",
    [
        "3 |h",
        "3 |heures",  # Hours are a unit only below a bar.
        "3 |jours",
        "3 |giga",  # A multiple of nothing.
        "3 |degrés de liberté",
        "un |degré d'urgence",
        "3 |nodules",
        "3 |mettre",
        "3 |milli nodules",
        "3 |maîtres carrés",  # Only below a bar.
        "3 |MG",  # Another case is another unit: not guessed.
        "3|",
    ],
)
def test_word_that_is_no_unit_here_is_not_read_as_one(said: str) -> None:
    assert read_measure(*place(said)) is None


def test_degrees_of_a_movement_are_a_unit_before_de() -> None:
    measure = read_measure(*place("120 |degrés de flexion"))
    assert measure is not None
    assert measure.symbol == "°"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("800 |par millimètre cube", "/mm³"),
        ("18 |par minute", "/min"),
        ("18 |par min", "/min"),
        ("800 |/mm3", "/mm³"),
        ("2 |/jour", None),
        ("18 |par millilitre", "/mL"),
        ("2 |par jour", None),
        ("2 |par heure", None),
        ("2 |par kilo", None),
        ("18 |minute", None),
        ("18 |par", None),
    ],
)
def test_bare_number_is_a_rate_only_per_minute_or_per_volume_of_blood(said: str, expected: str | None) -> None:
    found = read_rate(*place(said))
    assert (found and found[0]) == expected


def test_denominators_stop_at_the_first_word_that_is_none() -> None:
    stream, index = place("12 g |par litre par nodule")
    assert read_denominators(stream, index, "g") == (index + 2, "g/L")
