"""A drug is known by its name's ending where its kind does not say so."""

import pytest
from carabin.lexicon import Entry
from carabin.lexicon.drugs import is_drug


@pytest.mark.parametrize(
    "text",
    ["afatinib", "pegfilgrastim", "infliximab", "bisoprolol", "ramipril", "irbésartan", "atorvastatine", "Apixaban"],
)
def test_the_names_of_drugs_end_as_drugs_do(text: str) -> None:
    assert is_drug(Entry(text))


@pytest.mark.parametrize("text", ["hépatectomie", "dyspnée", "prolapsus", "bilatéral", "IRM", "cholécystite", "avril"])
def test_findings_and_acts_do_not(text: str) -> None:
    assert not is_drug(Entry(text))


def test_the_kind_that_a_list_gives_counts_whatever_the_name() -> None:
    assert is_drug(Entry("Cerazette", "drug"))
