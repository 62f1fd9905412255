"""The configuration as WhisperLive clients of every release write it: its fields, their types, and what is said of
one that cannot be meant.

Over 200 lines: a table of fields, each with its limits and its error.
"""

import math
import re
from typing import Annotated, Any, Literal, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError, from_json

from ..core.config import MAX_NAMES
from ..wire.errors import BadField, BadMessage

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""A half as JSON may escape it; pydantic names it as such only where something else follows."""


def _whole(value: Any) -> Any:
    """Take 10.0 for 10, as JavaScript and Swift may write it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, float) and math.isfinite(value):
        raise PydanticCustomError("whole", "is {value}: a whole number is needed", {"value": value})
    return value


def _names(value: Any) -> tuple[str, ...]:
    """Read a list of strings, or one string with commas."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or len(items) > MAX_NAMES or not all(isinstance(item, str) for item in items):
        raise PydanticCustomError("names", "must be a list of at most {limit} strings", {"limit": MAX_NAMES})
    return tuple(item.strip() for item in items if item.strip())


def _partials(value: Any) -> bool | Literal["steady", "early"]:
    """Read the choice of partials; a union would name each of its kinds in the sentence."""
    if isinstance(value, bool) or value in ("steady", "early"):
        return value  # type: ignore[no-any-return]  # it is one of them
    if not isinstance(value, str):
        raise PydanticCustomError(
            "partials", "is of type {kind}: true, false, 'steady' or 'early' is needed", {"kind": type(value).__name__}
        )
    raise PydanticCustomError("partials", "must be true, false, 'steady' or 'early'")


Text = Annotated[str, Field(max_length=2000)]
Number = Annotated[float, Field(gt=-1e12, lt=1e12, allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_whole), Field(gt=-1e12, lt=1e12)]
Names = Annotated[tuple[str, ...], PlainValidator(_names)]
Partials = Annotated[bool | Literal["steady", "early"], PlainValidator(_partials)]


class _Message(BaseModel):
    """An object of the configuration; null counts as absent, and so does an empty choice."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if not cls._is_absent(name, value)}

    @classmethod
    def _is_absent(cls, name: str, value: Any) -> bool:
        known = name in cls.model_fields and name not in cls.nullable()
        return known and (value is None or (value == "" and get_origin(cls.model_fields[name].annotation) is Literal))

    @classmethod
    def nullable(cls) -> tuple[str, ...]:
        """Return the fields in which null is a value."""
        return ()


class VadParameters(_Message):
    """faster-whisper's `VadOptions`, by the names of every release that WhisperLive used."""

    threshold: Number | None = None
    onset: Number | None = None
    min_silence_duration_ms: Number | None = None
    speech_pad_ms: Number | None = None
    min_speech_duration_ms: Number | None = None
    neg_threshold: Number | None = None
    offset: Number | None = None
    max_speech_duration_s: Number | None = None
    min_silence_at_max_speech: Number | None = None
    window_size_samples: Number | None = None
    use_max_poss_sil_at_max_speech: Any = None


class FormatChoice(_Message):
    """How a client wants `formatted` written."""

    typography: Literal["french", "plain"] = "french"
    punctuation: Literal["both", "spoken", "automatic"] = "both"
    numbers: bool = True
    commands: bool = True
    autotexts: Names = ()


class HelloMessage(_Message):
    """WhisperLive's fields, and ours."""

    model_config = ConfigDict(extra="allow")

    uid: Annotated[str, Field(max_length=128)]
    language: Annotated[str, Field(max_length=40)] | None = None
    task: Literal["transcribe", "translate"] = "transcribe"
    model: Text | None = None
    use_vad: bool = True
    vad_parameters: VadParameters | None = None
    no_speech_thresh: Number | None = None
    initial_prompt: str | None = None
    hotwords: Names = ()
    word_timestamps: bool = False
    audio_format: Text | None = None
    send_last_n_segments: Number | None = None

    vocabularies: Names = ()
    format: FormatChoice | None = Field(default_factory=FormatChoice)
    partials: Partials = "steady"
    events: bool = False
    resume: bool = False
    resume_token: Text | None = Field(default=None, repr=False)
    resume_after: Whole = -1
    resume_commands: Whole | None = None
    token: Annotated[str, Field(max_length=8192)] | None = Field(default=None, repr=False)

    clip_audio: bool = False
    same_output_threshold: Whole | None = None
    enable_translation: bool = False
    target_language: Text | None = None
    enable_diarization: bool = False
    known_speakers: list[Any] = Field(default_factory=list)
    max_speakers: Whole | None = None
    diarization_threshold: Number | None = None
    hf_token: Text | None = Field(default=None, repr=False)
    max_clients: Number | None = None
    max_connection_time: Number | None = None
    multilingual: bool = True

    @model_validator(mode="before")
    @classmethod
    def _format_as_flag(cls, values: Any) -> Any:
        """Read `format` true as the default, and false as none."""
        chosen = values.get("format") if isinstance(values, dict) else None
        if not isinstance(chosen, bool):
            return values
        rest = {name: value for name, value in values.items() if name != "format"}
        return rest if chosen else rest | {"format": None}

    @classmethod
    def nullable(cls) -> tuple[str, ...]:
        """Return the fields in which null is a value: a language to be detected, and no format."""
        return ("language", "format")


def read_hello(text: str | bytes) -> HelloMessage:
    """Read the first message.

    Raises:
        BadMessage: it is not JSON, or no object; the text is not repeated.
        BadField: a field has another type, or a value that cannot be meant; the sentence names it.
    """
    try:
        value = from_json(text)
    except ValueError as error:
        if _SURROGATE.search(text if isinstance(text, str) else text.decode(errors="replace")) and "hex escape" in str(
            error
        ):
            raise BadMessage(
                "the first message holds half of a surrogate pair (\\ud800 to \\udfff): write the character whole"
            ) from error
        raise BadMessage("the first message is not JSON: send the configuration as one JSON object") from error
    if not isinstance(value, dict):
        raise BadMessage("the first message is JSON but no object: send the configuration as one JSON object")
    if value.get("uid") in (None, ""):
        raise BadField("uid is missing: send a string that is yours alone, such as a UUID")
    if value.get("format") is None:
        value.pop("format", None)
    try:
        return HelloMessage.model_validate(value)
    except ValidationError as error:
        raise BadField(_sentence(error.errors())) from error


_WANTED = {
    "string_type": "a string",
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "a number",
    "list_type": "a list",
    "model_type": "an object",
}
"""pydantic's name of a mistake -> what the field needs."""


def _sentence(errors: list[ErrorDetails]) -> str:
    """Say what is wrong with the first field, without its value."""
    first = errors[0]
    name, kind, value = ".".join(str(step) for step in first["loc"]), first["type"], first["input"]
    if kind == "literal_error" and not isinstance(value, str):
        kind = "string_type"
    if kind in _WANTED:
        return f"{name} is of type {type(value).__name__}: {_WANTED[kind]} is needed"
    match kind:
        case "finite_number":
            return f"{name} is {value}: a finite number is needed"
        case "greater_than" | "less_than":
            return f"{name} is {value:g}: a number between -1e12 and 1e12 is needed"
        case "string_too_long":
            return f"{name} has {len(value)} characters: {first['ctx']['max_length']} are allowed"
        case "literal_error":
            return f"{name} must be {first['ctx']['expected']}"
        case "extra_forbidden":
            unknown = sorted(str(each["loc"][-1])[:40] for each in errors if each["type"] == kind)[:10]
            return f"{first['loc'][0]} has unknown keys: {', '.join(unknown)}"
    return f"{name} {first['msg']}"
