"""What the page offers, set by the site."""

from pathlib import Path

from carabin.service.settings import ServiceSettings
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from ..autotexts import AutoText, load_autotexts

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

    def autotexts(self) -> dict[str, AutoText]:
        """Read the auto-texts.

        Raises:
            AutoTextInvalid: a file cannot be one.
        """
        services = [name.strip() for name in self.autotext_services.split(",") if name.strip()]
        return load_autotexts(self.autotext_dir, services or None)
