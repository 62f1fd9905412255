"""The base of each service's settings, and the table that documents them."""

import json
import re
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from carabin.registry.settings import describe_invalid
from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from .errors import SettingInvalid

_Settings = TypeVar("_Settings", bound=BaseSettings)


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting, as `carabin settings` prints it."""

    variable: str
    type: str
    default: str
    """As it would be written in the environment; `required` where there is none."""
    description: str


class ServiceSettings(BaseSettings):
    """Read from the environment, each field as `CARABIN_<SERVICE>_<FIELD>`: `TrainerSettings` is the TRAINER's.

    Every field is documented once, by its `Field(description=...)`: what it is, then, behind a semicolon, when to
    change it.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    log_level: str = Field(
        default="INFO",
        pattern="(?i)^(debug|info|warning|error|critical)$",
        description="least level that is logged: DEBUG, INFO, WARNING or ERROR; set DEBUG to follow one fault",
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if not cls.model_config.get("env_prefix"):
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__.removesuffix("Settings"))
            cls.model_config["env_prefix"] = f"CARABIN_{name.upper()}_"

    @classmethod
    def load(cls, **values: Any) -> Self:
        """Read the environment; `values` win over it.

        Raises:
            SettingInvalid: a setting is missing or does not parse; the sentence names its variable.
        """
        return load_settings(cls, **values)

    @classmethod
    def table(cls) -> list[SettingRow]:
        """Return one row for each setting, in the order of the class."""
        return settings_table(cls)


def load_settings(settings: type[_Settings], **values: Any) -> _Settings:
    """Read any settings class from the environment; `values` win over it.

    Raises:
        SettingInvalid: a setting is missing or does not parse; the sentence names its variable.
    """
    try:
        return settings(**values)
    except (ValidationError, SettingsError) as error:
        missing, sentence = describe_invalid(error, settings)
        hint = "; `carabin settings` says what it means" if missing else ""
        raise SettingInvalid(f"{sentence}{hint}") from error


def settings_table(settings: type[BaseSettings]) -> list[SettingRow]:
    """Return one row for each field of any settings class; a secret's default is never shown."""
    prefix = settings.model_config.get("env_prefix", "")
    return [
        SettingRow(
            variable=f"{prefix}{name}".upper(),
            type=_type_name(field.annotation),
            default=_default(field),
            description=field.description or "",
        )
        for name, field in settings.model_fields.items()
    ]


def _type_name(annotation: Any) -> str:
    if annotation is SecretStr:
        return "secret"
    text = (
        annotation.__name__ if isinstance(annotation, type) and not hasattr(annotation, "__args__") else str(annotation)
    )
    return re.sub(r"\b(?:[a-z_]+\.)+", "", text)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        return "" if not value.get_secret_value() else "(secret)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list, set, frozenset, dict)):
        return json.dumps(value if isinstance(value, dict) else list(value), default=str, ensure_ascii=False)
    return "" if value is None else str(value)
