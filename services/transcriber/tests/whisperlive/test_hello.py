"""The first message of every WhisperLive client: read, checked, honoured or answered."""

import json

import pytest
from carabin.transcriber.core.errors import UnsupportedLanguage
from carabin.transcriber.formatting import FormatOptions
from carabin.transcriber.whisperlive.hello import Hello, parse_hello
from carabin.transcriber.wire.errors import BadField, BadMessage, UnsupportedFormat

OLDEST = {"uid": "u", "language": "fr", "task": "transcribe", "model": "small", "use_vad": True}
NEWEST = OLDEST | {
    "send_last_n_segments": 10,
    "no_speech_thresh": 0.45,
    "clip_audio": False,
    "same_output_threshold": 10,
    "enable_translation": False,
    "target_language": "fr",
    "hotwords": None,
    "enable_diarization": False,
    "max_speakers": 10,
    "known_speakers": [],
    "word_timestamps": False,
    "initial_prompt": None,
    "vad_parameters": None,
}
"""What the published Python client of release 0.10 sends by default."""


def parse(**fields: object) -> Hello:
    return parse_hello(json.dumps(OLDEST | fields))


@pytest.mark.parametrize(
    "dialect",
    [
        OLDEST,
        OLDEST | {"multilingual": True},
        NEWEST,
        {key: value for key, value in NEWEST.items() if key not in ("hotwords", "initial_prompt", "vad_parameters")},
    ],
)
def test_default_configuration_of_each_release_is_honoured_without_a_warning(dialect):
    hello = parse_hello(json.dumps(dialect))
    assert hello.warnings == ()
    assert (hello.uid, hello.session.language, hello.send_last_n_segments) == ("u", "fr", 10)


def test_fields_that_we_honour_reach_the_session():
    hello = parse(
        task="translate",
        hotwords="amiodarone, HTA",
        initial_prompt="Compte rendu.",
        no_speech_thresh=0.3,
        word_timestamps=True,
        use_vad=False,
        send_last_n_segments=3,
        audio_format="int16",
        vocabularies=["radiologie"],
        vad_parameters={
            "threshold": 0.4,
            "min_silence_duration_ms": 700,
            "speech_pad_ms": 200,
            "min_speech_duration_ms": 50,
        },
    )
    session = hello.session
    assert (session.task, session.hotwords, session.initial_prompt) == (
        "translate",
        "amiodarone,HTA",
        "Compte rendu.",
    )
    assert (session.no_speech_threshold, session.word_timestamps, session.use_vad) == (0.3, True, False)
    assert session.vocabularies == ("radiologie",)
    vad = session.vad
    assert (vad.threshold, vad.min_silence_s, vad.speech_pad_s, vad.min_speech_s) == (0.4, 0.7, 0.2, 0.05)
    assert (hello.send_last_n_segments, hello.audio.name, hello.warnings) == (3, "int16", ())


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"clip_audio": True}, "clip_audio"),
        ({"same_output_threshold": 3}, "same_output_threshold"),
        ({"enable_translation": True}, "enable_translation"),
        ({"enable_diarization": True}, "enable_diarization"),
        ({"known_speakers": [{"name": "a", "audio_base64": ""}]}, "known_speakers"),
        ({"max_clients": 4}, "max_clients"),
        ({"max_connection_time": 600}, "max_connection_time"),
        ({"send_last_n_segments": 0}, "send_last_n_segments"),
        ({"no_speech_thresh": 7}, "no_speech_thresh"),
        ({"vad_parameters": {"min_silence_duration_ms": 0}}, "min_silence_duration_ms"),
        ({"vad_parameters": {"neg_threshold": 0.3}}, "neg_threshold"),
        ({"vad_parameters": {"max_speech_duration_s": 10}}, "max_speech_duration_s"),
        ({"hotword": "x"}, "hotword"),
    ],
)
def test_field_that_we_do_otherwise_is_warned_of(fields, word):
    [warning] = parse(**fields).warnings
    assert word in warning


def test_hotwords_in_one_string_may_be_as_long_as_the_protocol_says():
    hotwords = ",".join(["a" * 39] * 200)
    assert len(hotwords) == 7999
    assert parse(hotwords=hotwords).session.hotwords == hotwords


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"uid": None}, "uid"),
        ({"uid": 7}, "uid"),
        ({"task": "foo"}, "task"),
        ({"language": 3}, "language"),
        ({"use_vad": "true"}, "use_vad"),
        ({"send_last_n_segments": "ten"}, "send_last_n_segments"),
        ({"same_output_threshold": 1.5}, "same_output_threshold"),
        ({"no_speech_thresh": float("inf")}, "no_speech_thresh"),
        ({"vad_parameters": {"foo": 1}}, "foo"),
        ({"vad_parameters": [1]}, "vad_parameters"),
        ({"vad_parameters": {"threshold": "high"}}, "vad_parameters.threshold"),
        ({"hotwords": [1]}, "hotwords"),
        ({"format": {"typography": "gothic"}}, "typography"),
        ({"format": {"colour": 1}}, "colour"),
        ({"known_speakers": "a"}, "known_speakers"),
    ],
)
def test_field_that_cannot_be_meant_is_named(fields, word):
    with pytest.raises(BadField, match=word):
        parse(**fields)


def test_language_that_no_model_knows_is_refused():
    with pytest.raises(UnsupportedLanguage, match="xx"):
        parse(language="xx")


@pytest.mark.parametrize(
    ("given", "understood"), [("fr-FR", "fr"), ("fr_CA", "fr"), ("FR", "fr"), (None, None), ("", None)]
)
def test_language_is_understood_as_browsers_write_it(given, understood):
    assert parse(language=given).session.language == understood


def test_language_left_out_is_the_servers_own():
    assert parse_hello('{"uid": "u"}', "de").session.language == "de"


def test_unknown_audio_format_names_the_known_ones():
    with pytest.raises(UnsupportedFormat, match="float32, int16, uint8"):
        parse(audio_format="opus")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"x"', "\x00", "[" * 100_000])
def test_message_that_is_no_object_is_refused(text):
    with pytest.raises(BadMessage):
        parse_hello(text)


def test_format_is_on_by_default_and_can_be_chosen_or_left_out():
    assert parse().format == FormatOptions()
    assert parse(format=True).format == FormatOptions()
    assert parse(format=False).format is None
    assert parse(format={"typography": "plain", "numbers": False}).format == FormatOptions("plain", numbers=False)


def test_secrets_do_not_show_when_a_configuration_is_printed():
    assert "s3cret" not in repr(parse(token="s3cret", resume_token="s3cret"))


@pytest.mark.parametrize(
    ("partials", "sent", "steady"),
    [(True, True, True), ("steady", True, True), ("early", True, False), (False, False, True)],
)
def test_partials_are_steady_unless_the_client_wants_them_early_or_not_at_all(partials, sent, steady):
    session = parse(partials=partials).session
    assert (session.partials, session.steady) == (sent, steady)


def test_another_kind_of_partials_is_named():
    with pytest.raises(BadField, match="partials"):
        parse(partials="often")


def test_a_silence_that_the_client_chose_does_not_shrink():
    assert parse().session.vad.adaptive
    assert not parse(vad_parameters={"min_silence_duration_ms": 800}).session.vad.adaptive
