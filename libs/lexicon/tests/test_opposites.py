"""No entry makes the opposite finding of what was written, whatever the second decode says."""

import pytest
from carabin.lexicon import Entry, merge
from carabin.lexicon.opposites import is_opposite


@pytest.mark.parametrize(
    ("first", "written", "entry"),
    [
        ("Anémie microcytaire.", "microcytaire", "macrocytaire"),
        ("Lésion sous-tentoriel.", "sous-tentoriel", "sus-tentoriel"),
        ("Lésion sous tentoriel.", "tentoriel", "sus-tentoriel"),
        ("Nodule hypovascularisé.", "hypovascularisé", "hypervascularisé"),
        ("Foie micronodulaire.", "micronodulaire", "macronodulaire"),
        ("Foie macronodulaire.", "macronodulaire", "nodulaire"),
        ("Une néphrostomie droite.", "néphrostomie", "néphrotomie"),
        ("Plage hypodense.", "hypodense", "hyperdense"),
        ("Plage hypo-dense.", "hypo-dense", "hyper-dense"),
        ("Plage hypo dense frontale.", "hypo dense", "hyperdense"),
        ("Fracture intracapsulaire.", "intracapsulaire", "extracapsulaire"),
        ("Insuffisance prérénale.", "prérénale", "postrénale"),
        ("Une bradypnée.", "bradypnée", "tachypnée"),
        ("Un antérolisthésis.", "antérolisthésis", "rétrolisthésis"),
        ("Une spondylarthrose.", "spondylarthrose", "spondylarthrite"),
        ("Un nodule hipovascularizé.", "hipovascularizé", "hypervascularisé"),
    ],
)
def test_finding_is_not_reversed_with_a_second_decode_or_without(first: str, written: str, entry: str) -> None:
    entries = [Entry(entry, count=9)]
    assert merge(first, None, entries, {entry}).text == first
    assert merge(first, first.replace(written, entry), entries, {entry}).text == first


@pytest.mark.parametrize(
    ("first", "entry", "meant"),
    [
        ("Un nodule hypervascularizé.", "hypervascularisé", "Un nodule hypervascularisé."),
        ("Un nodule ipervascularisé.", "hypervascularisé", "Un nodule hypervascularisé."),
        ("Une anémie microcitère.", "microcytaire", "Une anémie microcytaire."),
        ("Une néfrotomi droite.", "néphrotomie", "Une néphrotomie droite."),
        ("Une spondilartrite.", "spondylarthrite", "Une spondylarthrite."),
        ("Du paracétamole.", "paracétamol", "Du paracétamol."),
    ],
)
def test_misspelt_word_with_the_prefix_and_the_ending_of_an_entry_is_mended(first: str, entry: str, meant: str) -> None:
    assert merge(first, None, [Entry(entry, count=9)], {entry}).text == meant


def test_drug_whose_name_was_misspelt_with_another_prefix_is_mended() -> None:
    entries = [Entry("périndopril", count=9)]
    assert merge("Sous préindopril.", "Sous périndopril.", entries, {"périndopril"}).text == "Sous périndopril."


@pytest.mark.parametrize(
    ("written", "entry"),
    [
        ("pose", "prise"),  # « post », « pré » and « per » begin words that have nothing in common behind them.
        ("perte", "préhension"),
        ("hypertention", "hypertension"),
        ("sous bisoprolole", "bisoprolol"),
        ("dyspnée", "dyspnées"),
    ],
)
def test_what_only_begins_or_ends_as_an_opposite_does_is_none(written: str, entry: str) -> None:
    assert not is_opposite(written, entry)
