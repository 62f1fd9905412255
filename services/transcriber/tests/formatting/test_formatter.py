"""Options, carry between utterances, and joining them."""

from carabin.transcriber.formatting import Carry, CommandPiece, FormatOptions, Formatter, join


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


def test_sign_spoken_first_replaces_the_full_stop_that_whisper_put_before() -> None:
    assert join("Le patient va bien.", ", sans fièvre") == "Le patient va bien, sans fièvre"
    assert join("Une fracture.", "?") == "Une fracture\u202f?"
    assert join("Une fracture.", "?", french=False) == "Une fracture ?"


def test_new_line_keeps_the_sentence_before_it() -> None:
    assert join("Pas de fièvre.", "\nConclusion") == "Pas de fièvre.\nConclusion"
    assert join("Pas de fièvre\n", "Conclusion") == "Pas de fièvre\nConclusion"


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


def test_spoken_punctuation_alone_drops_whispers_own() -> None:
    formatter = Formatter(FormatOptions(punctuation="spoken", typography="plain"))
    assert formatter.final("Abdomen, souple. virgule sans défense. 12:30").text == "Abdomen souple, sans défense 12:30"


def test_automatic_punctuation_leaves_spoken_signs_as_words() -> None:
    formatter = Formatter(FormatOptions(punctuation="automatic"))
    assert formatter.final("abdomen souple virgule cinq milligrammes").text == "abdomen souple virgule 5\u202fmg"


def test_numbers_and_commands_can_be_switched_off() -> None:
    formatter = Formatter(FormatOptions(numbers=False, commands=False))
    assert formatter.final("efface ça").text == "efface ça"
    assert formatter.final("cinq milligrammes virgule").text == "cinq milligrammes,"


def test_command_says_where_it_was_spoken_and_what_was_recognised() -> None:
    formatted = Formatter().final("Pas de fièvre. Efface ça.")
    assert formatted.events == (CommandPiece("delete", said="Efface ça", offset=len("Pas de fièvre.")),)


def test_insertion_knows_only_the_names_it_was_given() -> None:
    formatter = Formatter(FormatOptions(autotexts=("signature",)))
    assert formatter.final("Insérer signature.").events[0].argument == "signature"
    assert formatter.final("insérer une sonde").text == "insérer une sonde"


def test_partial_never_fires_a_command() -> None:
    assert Formatter().partial("efface ça", "").events == ()
