"""What the page offers, set by the site."""

from pathlib import Path

from carabin.service.settings import ServiceSettings
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from ..autotexts import AutoText, load_autotexts
from ..corrections import CorrectionPolicy, Retention

EXAMPLES = Path(__file__).parent / "autotexts"


class WebSettings(ServiceSettings):
    """Read from CARABIN_TRANSCRIBER_*."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="CARABIN_TRANSCRIBER_")

    autotext_dir: Path = Field(
        default=EXAMPLES, description="folder of auto-texts: <service>/<name>.txt; by default a few examples"
    )
    autotext_services: str = Field(
        default="", description="services whose auto-texts are offered, comma-separated; empty for all"
    )

    corrections: Retention = Field(
        default="none", description="what is kept of corrections whose speaker agrees: none, text or audio+text"
    )
    corrections_days: int = Field(default=90, ge=1, le=3650, description="days after which a correction is deleted")
    corrections_salt: SecretStr = Field(
        default=SecretStr(""), description="secret that pseudonyms are made with; keep it, or deletion by name is lost"
    )
    corrections_bucket: str = Field(default="corrections", description="bucket of corrections, apart from all others")

    def policy(self) -> CorrectionPolicy:
        """Return the site's choice about corrections.

        Raises:
            CorrectionsMisconfigured: they are kept without a salt.
        """
        salt = self.corrections_salt.get_secret_value()
        return CorrectionPolicy(self.corrections, self.corrections_days, salt, self.corrections_bucket)

    def autotexts(self) -> dict[str, AutoText]:
        """Read the auto-texts.

        Raises:
            AutoTextInvalid: a file cannot be one.
        """
        services = [name.strip() for name in self.autotext_services.split(",") if name.strip()]
        return load_autotexts(self.autotext_dir, services or None)
