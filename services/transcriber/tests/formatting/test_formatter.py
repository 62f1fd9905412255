"""Typography, and what one utterance leaves to the next."""

from carabin.transcriber.formatting import Carry, FormatOptions, Formatter, join


def test_bracket_opened_in_one_utterance_is_closed_in_another() -> None:
    formatter = Formatter()
    first = formatter.final("un œdème ouvrez la parenthèse modéré", Carry())
    second = formatter.final("fermez la parenthèse des chevilles", first.carry)
    assert first.text == "un œdème (modéré"
    assert join(first.text, second.text) == "un œdème (modéré) des chevilles"
    assert second.carry.open_brackets == ()


def test_word_after_a_spoken_full_stop_opens_the_next_utterance_with_a_capital() -> None:
    formatter = Formatter()
    first = formatter.final("pas de fièvre point", Carry())
    assert formatter.final("pas de toux", first.carry).text == "Pas de toux"


def test_french_typography_uses_no_break_spaces_quotes_and_groups_of_three() -> None:
    formatter = Formatter()
    assert formatter.final("vraiment point d'interrogation").text == "vraiment\u202f?"
    assert formatter.final("conclusion deux points fracture").text == "conclusion\u00a0: fracture"
    assert formatter.final("entre guillemets oui fermez les guillemets").text == "«\u202foui\u202f»"
    assert formatter.final("douze mille trois cents").text == "12\u202f300"
    assert formatter.final("le douze mars deux mille vingt-quatre").text == "le 12 mars 2024"
    assert formatter.final("mille deux cents").text == "1200"
    assert formatter.final("cinq milligrammes").text == "5\u202fmg"


def test_plain_text_adds_only_what_latin_1_holds() -> None:
    formatter = Formatter(FormatOptions(typography="plain"))
    said = "entre guillemets cinq microgrammes fermez les guillemets trois par deux millimètres cubes"
    formatter.final(said).text.encode("latin-1")


def test_partial_never_fires_a_command() -> None:
    assert Formatter().partial("efface ça", "").events == ()
