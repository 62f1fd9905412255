"""The sentences that a client reads when a field of its configuration cannot be meant."""

import json

import pytest
from carabin.transcriber.whisperlive.hello_message import HelloMessage, read_hello
from carabin.transcriber.wire.errors import BadField, BadMessage


def read(**fields: object) -> HelloMessage:
    return read_hello(json.dumps({"uid": "u"} | fields))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"uid": ""}, "uid is missing: send a string that is yours alone, such as a UUID"),
        ({"uid": 7}, "uid is of type int: a string is needed"),
        ({"uid": "u" * 129}, "uid has 129 characters: 128 are allowed"),
        ({"use_vad": "true"}, "use_vad is of type str: true or false is needed"),
        ({"use_vad": 1}, "use_vad is of type int: true or false is needed"),
        ({"task": "write"}, "task must be 'transcribe' or 'translate'"),
        ({"task": 1}, "task is of type int: a string is needed"),
        ({"no_speech_thresh": True}, "no_speech_thresh is of type bool: a number is needed"),
        ({"no_speech_thresh": float("nan")}, "no_speech_thresh is nan: a finite number is needed"),
        ({"no_speech_thresh": float("-inf")}, "no_speech_thresh is -inf: a finite number is needed"),
        ({"no_speech_thresh": -1e13}, "no_speech_thresh is -1e+13: a number between -1e12 and 1e12 is needed"),
        ({"partials": "soon"}, "partials must be true, false, 'steady' or 'early'"),
        ({"partials": 1}, "partials is of type int: true, false, 'steady' or 'early' is needed"),
        ({"resume_after": 1.5}, "resume_after is 1.5: a whole number is needed"),
        ({"known_speakers": "a"}, "known_speakers is of type str: a list is needed"),
        ({"hotwords": [1]}, "hotwords must be a list of at most 200 strings"),
        ({"hotwords": ["a"] * 201}, "hotwords must be a list of at most 200 strings"),
        ({"vad_parameters": [1]}, "vad_parameters is of type list: an object is needed"),
        ({"vad_parameters": {"onset": "x"}}, "vad_parameters.onset is of type str: a number is needed"),
        ({"vad_parameters": {"b": 1, "a": 2}}, "vad_parameters has unknown keys: a, b"),
        ({"format": 3}, "format is of type int: an object is needed"),
        ({"format": {"punctuation": "none"}}, "format.punctuation must be 'both', 'spoken' or 'automatic'"),
    ],
)
def test_sentence_names_the_field_and_what_it_needs(fields, sentence):
    with pytest.raises(BadField) as refusal:
        read(**fields)
    assert str(refusal.value) == sentence


def test_null_counts_as_absent_but_in_the_language():
    message = read(use_vad=None, hotwords=None, format=None, vad_parameters={"onset": None}, language=None)
    assert (message.use_vad, message.hotwords, message.vad_parameters.onset) == (True, (), None)
    assert message.format is not None
    assert "language" in message.model_fields_set
    assert "use_vad" not in message.model_fields_set


def test_whole_number_may_be_written_as_a_float():
    assert read(resume_after=3.0).resume_after == 3


def test_names_come_as_a_list_or_as_one_string():
    assert read(hotwords="a, b,,").hotwords == read(hotwords=["a ", "b", ""]).hotwords == ("a", "b")


@pytest.mark.parametrize("text", ["{", "[]", '{"uid": "\\ud800"}', b"\xff", "[" * 100_000])
def test_message_that_is_no_object_is_refused_without_being_repeated(text):
    with pytest.raises(BadMessage) as refusal:
        read_hello(text)
    assert "uid" not in str(refusal.value)


@pytest.mark.parametrize("text", ['{"uid": "\\ud800"}', '{"uid": "u", "initial_prompt": "\\udfff fin"}'])
def test_half_of_a_surrogate_pair_is_named_as_what_it_is(text):
    with pytest.raises(BadMessage, match="holds half of a surrogate pair"):
        read_hello(text)


@pytest.mark.parametrize("value", [True, False, "steady", "early"])
def test_partials_are_a_flag_or_one_of_two_words(value):
    assert read(partials=value).partials == value


def test_secret_and_prompt_stand_in_no_error():
    with pytest.raises(BadField) as refusal:
        read(initial_prompt="le patient", token=["s3cret"])
    assert "s3cret" not in str(refusal.value) + str(refusal.value.__cause__)
