"""The word by word comparison of a dictation with what was written."""

from carabin.trainer.evaluation.word_diff import diff


def test_a_diff_shows_what_was_said_before_what_was_written() -> None:
    assert [(word.text, word.kind) for word in diff("genou droit", "genou gauche opéré")] == [
        ("genou", "same"), ("droit", "missing"), ("gauche", "extra"), ("opéré", "extra"),
    ]  # fmt: skip
    kinds = [(word.text, word.kind[0]) for word in diff("pas de fièvre", "bas de fièvres")]
    assert kinds == [("pas", "m"), ("bas", "e"), ("de", "s"), ("fièvre", "m"), ("fièvres", "e")]
    assert [word.kind for word in diff("genou droit", "")] == ["missing", "missing"]


def test_what_was_written_where_nothing_was_said_is_extra() -> None:
    assert [(word.text, word.kind) for word in diff("", "Merci beaucoup.")] == [
        ("merci", "extra"),
        ("beaucoup", "extra"),
    ]
    assert diff("", "…") == []


def test_writings_of_the_same_words_are_the_same() -> None:
    assert {word.kind for word in diff("Amoxicilline cinq cents mg.", "amoxicilline 500 milligrammes")} == {"same"}


def test_changes_that_end_the_text_are_shown_lost_words_first() -> None:
    found = [(word.text, word.kind[0]) for word in diff("toux sèche hier", "toux grasse ce matin")]
    assert found == [
        ("toux", "s"), ("sèche", "m"), ("hier", "m"), ("grasse", "e"), ("ce", "e"), ("matin", "e"),
    ]  # fmt: skip
