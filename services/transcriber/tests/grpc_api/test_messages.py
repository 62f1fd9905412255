"""Between gRPC's messages and ours: absent fields take the defaults, a number that is not known is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from carabin.transcriber.core.api import ModelInfo
from carabin.transcriber.core.errors import UnsupportedLanguage
from carabin.transcriber.core.events import (
    AudioAcknowledged,
    Final,
    FlushFinished,
    LanguageDetected,
    ModelChanged,
    Partial,
    SessionFailed,
    SessionWarning,
    Word,
)
from carabin.transcriber.formatting import Formatter
from carabin.transcriber.grpc_api.messages import Responses, audio_format, model, session_config
from carabin.transcriber.v1 import transcriber_pb2 as pb
from carabin.transcriber.wire.errors import UnsupportedFormat


def final(text: str, utterance: int = 0) -> Final:
    return Final(utterance, 0.5, 1.5, text, (Word(text, 0.5, 1.5, 0.9),), 0.8, "v1", "fr")


@pytest.mark.parametrize(
    ("language", "default", "taken"), [("", "fr", "fr"), ("en-GB", "fr", "en"), ("auto", "fr", None), ("", None, None)]
)
def test_a_language_is_the_clients_or_the_servers_and_auto_leaves_it_open(
    language: str, default: str | None, taken: str | None
) -> None:
    assert session_config(pb.Config(language=language), default).language == taken


def test_a_language_that_whisper_does_not_have_is_refused() -> None:
    with pytest.raises(UnsupportedLanguage):
        session_config(pb.Config(language="klingon"), "fr")


def test_an_empty_message_is_a_plain_session_and_each_field_is_read() -> None:
    plain = session_config(pb.Config(), "fr")
    assert (plain.task, plain.hotwords, plain.initial_prompt, plain.vocabularies) == ("transcribe", None, None, ())
    assert (plain.word_timestamps, plain.partials) == (False, True)
    chosen = session_config(
        pb.Config(task=pb.TASK_TRANSLATE, hotwords="a", initial_prompt="b", vocabularies=["c"], word_times=True,
                  finals_only=True), "fr",
    )  # fmt: skip
    assert (chosen.task, chosen.hotwords, chosen.initial_prompt, chosen.vocabularies) == ("translate", "a", "b", ("c",))
    assert (chosen.word_timestamps, chosen.partials) == (True, False)


def test_audio_is_int16_unless_said_and_a_format_of_a_later_release_is_refused() -> None:
    assert audio_format(pb.Config()).name == "int16"
    assert audio_format(pb.Config(audio_format=pb.AUDIO_FORMAT_FLOAT32)).name == "float32"
    with pytest.raises(UnsupportedFormat, match="audio_format 99 is not known"):
        audio_format(pb.Config(audio_format=99))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (Partial(0, 1, 0.0, 1.0, " le", " patient", "v1", "fr"), "partial"),
        (final(" le patient"), "final"),
        (LanguageDetected("fr", 0.9), "language_detected"),
        (ModelChanged("v2", None), "model_changed"),
        (AudioAcknowledged(1.5), "acknowledged"),
        (FlushFinished(1.5), "flushed"),
        (SessionWarning("prompt_cut", "3 of 9 words did not fit"), "warning"),
    ],
)
def test_each_event_has_its_response(event: Partial, kind: str) -> None:
    assert Responses(None).of(event).WhichOneof("event") == kind


def test_a_failure_is_a_status_and_no_response() -> None:
    with pytest.raises(ValueError, match="SessionFailed has no response"):
        Responses(None).of(SessionFailed("the model is gone"))


def test_formatting_goes_on_from_final_to_final_and_a_partial_changes_nothing_of_it() -> None:
    responses = Responses(Formatter())
    partial = Partial(1, 0, 1.0, 2.0, "", " pas de fièvre", "v1", "fr")
    written = [
        responses.of(final(" Tension douze sur huit point")).final.formatted,
        responses.of(partial).partial.formatted,
        responses.of(final(" pas de fièvre", 1)).final.formatted,
    ]
    assert written == ["Tension 12/8.", "Pas de fièvre", "Pas de fièvre"]
    assert Responses(None).of(final(" douze")).final.formatted == ""


def test_word_times_and_confidence_are_carried() -> None:
    sent = Responses(None).of(final(" patient")).final
    assert sent.confidence == pytest.approx(0.8)
    assert [(word.text, word.start_s, word.end_s) for word in sent.words] == [(" patient", 0.5, 1.5)]


def test_a_model_says_when_it_was_loaded_only_once_it_was() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    loaded = model(ModelInfo(name="cardio", version="v1", state="steady", loaded_at=at))
    assert loaded.loaded_at.ToDatetime(UTC) == at
    assert loaded.state == pb.MODEL_STATE_STEADY
    waiting = model(ModelInfo(name="cardio", version=None, state="loading", target="v1"))
    assert not waiting.HasField("loaded_at")
    assert (waiting.version, waiting.target) == ("", "v1")


def test_final_lists_the_entries_of_the_lexicon_in_its_text() -> None:
    written = replace(final(" bisoprolol"), lexicon=("bisoprolol",))
    assert list(Responses(None).of(written).final.lexicon) == ["bisoprolol"]
    assert list(Responses(None).of(final(" le patient")).final.lexicon) == []
