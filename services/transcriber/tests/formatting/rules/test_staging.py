"""Letters with numbers: within the categories that exist, in their order, and never a lone sequence or a verb."""

import pytest
from carabin.transcriber.formatting.rules.staging import day_count, obstetric_formula, resection, tnm

from ..matching import applied


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|T zéro N trois M un", "T0N3M1|"),
        ("|T deux, N un", "T2N1|"),
        ("|T deux a N un", "T2aN1|"),
        ("|T un M zéro", "T1M0|"),
        ("|p T quatre d", "pT4d|"),
        ("|pT deux a augmenté", "pT2| a augmenté"),
        ("|y c T un N zéro", "ycT1N0|"),
        ("|T X N zéro", "TxN0|"),
        ("|PT2 N1", "pT2N1|"),
        ("|T deux N un N deux", "T2N1| N deux"),
        ("|PT2N0", "pT2N0|"),
        ("|t2n1m0", "T2N1M0|"),
    ],
)
def test_categories_of_a_tumour_are_joined_in_their_order(said: str, written: str) -> None:
    assert applied(tnm, said) == written


@pytest.mark.parametrize(
    "said",
    [
        "|T deux",  # A sequence of an MRI as often as a category.
        "|T cinq N un",
        "|N quatre M zéro",
        "|T un M deux",
        "|N un T deux",
        "|M un",
        "|t deux n un",
        "|p nodule",
        "|p N un",
        "|pT2N1",  # Written so already.
        "|T deux virgule cinq N un",
    ],
)
def test_letters_that_are_no_stage_are_left_alone(said: str) -> None:
    assert applied(tnm, said) is None


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("|G vingt P zéro", "G20P0|"),
        ("|G2, P1", "G2P1|"),
        ("|G trois P2 suivie", "G3P2| suivie"),
        ("|G trois", None),
        ("|P deux G trois", None),
        ("|G vingt et un P deux", None),
        ("|g trois p deux", None),
        ("|G3P2", None),
        ("|G2p1", "G2P1|"),
        ("|G5-P4", "G5P4|"),
        ("|G4 p3 suivie", "G4P3| suivie"),
        ("|Grand P deux", None),
    ],
)
def test_pregnancies_and_births_are_joined_where_both_are_said(said: str, written: str | None) -> None:
    assert applied(obstetric_formula, said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("à |J zéro", "J0|"),
        ("à |J + 2", "J+2|"),
        ("à |J moins quatre-vingt-dix-neuf", "J-99|"),
        ("à |J cent", None),
        ("à |J trois fois", None),
        ("|j trois", None),
        ("à |J plus mal", None),
    ],
)
def test_days_are_counted_from_the_operation_up_to_two_digits(said: str, written: str | None) -> None:
    assert applied(day_count, said) == written


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("marges |R un", "R1|"),
        ("exérèse |R deux.", "R2|."),
        ("résection |R trois", None),
        ("lésion |R zéro", None),
        ("résection |R deux fois", None),
    ],
)
def test_residual_tumour_is_zero_to_two_after_a_resection(said: str, written: str | None) -> None:
    assert applied(resection, said) == written
