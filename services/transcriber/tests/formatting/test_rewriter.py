"""One pass over an utterance: which of its parts are written, dropped, or turned into events, and in which order."""

from carabin.transcriber.formatting import Carry, CommandPiece, FormatOptions, Formatter

PLAIN = FormatOptions(typography="plain")


def test_spoken_punctuation_alone_drops_whispers_own() -> None:
    formatter = Formatter(FormatOptions(punctuation="spoken", typography="plain"))
    assert formatter.final("Abdomen, souple. virgule sans défense. 12:30").text == "Abdomen souple, sans défense 12:30"


def test_automatic_punctuation_leaves_spoken_signs_as_words() -> None:
    formatter = Formatter(FormatOptions(punctuation="automatic"))
    assert formatter.final("abdomen souple virgule cinq milligrammes").text == "abdomen souple virgule 5\u202fmg"


def test_automatic_punctuation_still_obeys_commands() -> None:
    formatted = Formatter(FormatOptions(punctuation="automatic")).final("efface ça")
    assert [event.name for event in formatted.events] == ["delete"]


def test_numbers_and_commands_can_be_switched_off() -> None:
    formatter = Formatter(FormatOptions(numbers=False, commands=False))
    assert formatter.final("efface ça").text == "efface ça"
    assert formatter.final("cinq milligrammes virgule").text == "cinq milligrammes,"


def test_command_says_where_it_was_spoken_and_what_was_recognised() -> None:
    formatted = Formatter().final("Pas de fièvre. Efface ça.")
    assert formatted.events == (CommandPiece("delete", said="Efface ça", offset=len("Pas de fièvre.")),)


def test_commands_in_a_row_are_events_in_their_order() -> None:
    formatted = Formatter().final("Pas de toux, efface ça annule ça")
    assert [event.name for event in formatted.events] == ["delete", "undo"]


def test_brackets_that_the_speaker_opened_are_closed_from_the_inside_and_whispers_own_are_left() -> None:
    formatter = Formatter(PLAIN)
    assert formatter.final("ouvrez la parenthèse il dit ouvrez les guillemets oui").text == '(il dit "oui")'
    assert formatter.final("Lésion (voir annexe").text == "Lésion (voir annexe"


def test_bracket_that_whisper_closed_is_no_longer_awaited() -> None:
    carry = Formatter(PLAIN).final("œdème ouvrez la parenthèse modéré)", Carry()).carry
    assert carry.open_brackets == ()


def test_number_that_became_digits_has_no_article_at_its_end() -> None:
    formatter = Formatter(PLAIN)
    assert formatter.final("un nodule de vingt et un point").text == "un nodule de 21."
    assert formatter.final("c'est un point").text == "c'est un point"


def test_sentence_end_that_a_spoken_comma_replaced_gives_its_capital_back() -> None:
    assert Formatter(PLAIN).final("Abdomen souple. virgule. Il est indolore").text == "Abdomen souple, il est indolore"


def test_sign_inside_a_word_is_no_punctuation() -> None:
    formatter = Formatter()
    assert formatter.final("à 12:30, www.chu.fr").text == "à 12:30, www.chu.fr"
    assert formatter.final("Quoi ?!").text == "Quoi\u202f?!"
