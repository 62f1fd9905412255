"""What the formatter's bench counts as misheard, and that the tables of Whisper's own forms say so line by line."""

from pathlib import Path

import pytest

BENCH = Path(__file__).parents[1] / "bench"


@pytest.fixture(autouse=True)
def bench_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCH))


@pytest.mark.parametrize(
    ("wanted", "transcript"),
    [
        ("tension 12/8", "Tension 12-8."),
        ("tension 12/8", "tention douze huit"),
        ("pression artérielle 120/80", "pression artérielle cent vingt quatre-vingts"),
        ("hémoglobine à 9,2 g", "et m'oublie à neuf grammes deux"),
        ("paracétamol 1 g 3 fois par jour", "paracétamol un gramme trois fois par jour"),
        ("fer 50 mg pour une anémie", "fer 50 miligrames pour l'anémie"),
        ("plaquettes à 150000/mm³", "plaquettes à 150 000 par millimètre cube"),
        ("surface de 4 cm²", "surface de 4 cm2"),
        ("masse de 4,2 cm", "masse de 4 cm2"),
        ("tumeur T2N1M0", "tumeur T2 N un M0"),
        ("hernie L4-L5", "Ernie L4-5"),
        ("ASA 2", "asa deux"),
        ("flexion 110°", "flexion 110°C"),
    ],
)
def test_value_that_whisper_wrote_in_its_own_way_is_recognised(wanted: str, transcript: str) -> None:
    from format_recognised import is_recognised

    assert is_recognised(wanted, transcript)


@pytest.mark.parametrize(
    ("wanted", "transcript"),
    [
        ("tension 12/8", "tension 12-7"),  # Another digit,
        ("tension 12/8", "tension 12"),  # one less,
        ("tension 12/8", "tension 12-8-1"),  # and one more.
        ("tension 12/8", "Papa 12-8"),  # Nothing says what it is.
        ("glycémie à 1,20 g", "glycémie à 1,20"),
        ("fer 50 mg", "fer 50 mètres"),
        ("tumeur T2N1M0", "tumeur de haine un M0"),
        ("retiré à J2", "retiré à G2"),
        ("sténose de 70 %", "sténose de soit exemple 10 %"),
    ],
)
def test_value_of_which_a_part_is_missing_is_misheard(wanted: str, transcript: str) -> None:
    from format_judge import judge
    from format_recognised import is_recognised

    assert not is_recognised(wanted, transcript)
    assert judge(wanted, transcript, transcript) == "misheard"


def test_right_is_every_value_with_its_unit_and_no_other() -> None:
    from format_judge import judge

    assert judge("fer 50 mg en deux mois", "fer 50mg en 2 mois", "fer 50 mg en 2 mois") == "right"
    assert judge("fer 50 mg", "fer 50mg", "fer 50mg") == "missed"
    assert judge("fer 50 mg", "fer 50 mg 20", "fer 50 mg 20") == "misheard"
    assert judge("tension 14/9", "tension 149", "tension 149") == "missed"


def test_every_line_of_whispers_own_forms_has_the_verdict_of_the_rule() -> None:
    from format_judge import judge
    from format_tables import cases

    lines = [row for row in cases() if row.origin == "whisper"]
    assert len(lines) > 1_000
    wrong = [row.given for row in lines if judge(row.wanted, row.given, row.written) != row.verdict]
    assert not wrong


def test_texts_that_were_chosen_are_cases_but_count_in_no_share() -> None:
    from carabin.transcriber.formatting import FormatOptions, Formatter
    from format_tables import AUTOTEXTS, CHOSEN, cases, score_tables

    score = score_tables(Formatter(FormatOptions(typography="plain", autotexts=AUTOTEXTS)))
    counted = sum(kind.recognised + kind.misheard for kind in score.kinds.values())
    chosen = sum(row.model == CHOSEN for row in cases())
    assert score.right == score.cases
    assert chosen > 0
    assert counted <= score.by_whisper - chosen


def test_decoded_text_is_added_once_with_what_is_made_of_it(tmp_path: Path) -> None:
    from format_decode import add

    table = tmp_path / "cardiology.tsv"
    table.write_text("# head\n", "utf-8")
    for transcript in ("Tension 12-8.", "tension S12", "Tension 12-8.", ""):
        add(table, "pression", transcript, "base", "tension 12/8")
    assert table.read_text("utf-8").splitlines() == [
        "# head",
        "pression\tTension 12-8.\tTension 12/8.\tright\tbase\ttension 12/8",
        "pression\ttension S12\t=\tmisheard\tbase\ttension 12/8",
    ]
