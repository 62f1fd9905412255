"""The spellings of a form's fields."""

import pytest
from carabin.transcriber.openai_api.fields import FormFields
from carabin.transcriber.wire.errors import BadFormField
from starlette.datastructures import FormData

KNOWN = ("segment", "word")


@pytest.mark.parametrize(
    "sent",
    [
        [("g[]", "word"), ("g[]", "segment")],
        [("g", "word"), ("g", "segment")],
        [("g[0]", "word"), ("g[1]", "segment")],
        [("g", '["word", "segment"]')],
        [("g", "['word','segment']")],
        [("g[]", "[word, segment]")],
        [("g", "word,segment")],
    ],
)
def test_list_is_read_in_every_spelling(sent):
    assert FormFields.of(FormData(sent)).choices("g", KNOWN) == {"word", "segment"}


@pytest.mark.parametrize("value", ["", " ", "[]"])
def test_empty_list_is_none(value):
    assert FormFields.of(FormData([("g[]", value)])).choices("g", KNOWN) == frozenset()


@pytest.mark.parametrize(
    ("value", "means"), [("true", True), ("True", True), ("1", True), ("false", False), ("", False)]
)
def test_flag(value, means):
    assert FormFields.of(FormData([("stream", value)])).flag("stream") is means


def test_flag_that_is_neither_is_refused():
    with pytest.raises(BadFormField, match="stream must be true or false"):
        FormFields.of(FormData([("stream", "maybe")])).flag("stream")


@pytest.mark.parametrize(
    ("name", "value", "param"),
    [
        ("include[]", "logprobs", "include"),
        ("include", '["logprobs"]', "include"),
        ("chunking_strategy", '{"type": "server_vad"}', "chunking_strategy"),
        ("known_speaker_names[]", "Dr Martin", "known_speaker_names"),
        ("temperature", "0.2", "temperature"),
        ("temperature", "warm", "temperature"),
        ("hotword", "x", "hotword"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(name, value, param):
    with pytest.raises(BadFormField, match=param) as refused:
        FormFields.of(FormData([(name, value)])).refuse_unsupported()
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", "0"), ("temperature", "0.0"), ("chunking_strategy", "auto"), ("include[]", "")]
)
def test_what_changes_nothing_is_taken(name, value):
    FormFields.of(FormData([(name, value)])).refuse_unsupported()
