"""What the page offers, set by the site."""

from pathlib import Path
from typing import Literal

from carabin.service.settings import ServiceSettings
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

Retention = Literal["none", "text", "audio+text"]
"""What is kept of a correction."""
EXAMPLES = Path(__file__).parents[1] / "web" / "autotexts"


class WebSettings(ServiceSettings):
    """Read from CARABIN_TRANSCRIBER_*."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="CARABIN_TRANSCRIBER_")

    autotext_dir: Path = Field(
        default=EXAMPLES,
        description="folder of auto-texts, <service>/<name>.txt; set it to the site's own in place of the examples",
    )
    autotext_services: str = Field(
        default="",
        description="services whose auto-texts are offered, comma-separated; set it where one service is served",
    )

    page_idle_s: float = Field(
        default=120,
        gt=0,
        le=3600,
        description="seconds of pause after which the page ends its session, and the next words open one; lower it "
        "where sessions are few",
    )
    page_drafts: bool = Field(
        default=False,
        description="keep the reports of a tab in its sessionStorage over a reload; set it where the workstation is "
        "one person's",
    )
    page_parents: str = Field(
        default="",
        description="origins that may show the page in a frame, start a report and take it, comma-separated; set it "
        "to the record system's",
    )
    page_document_type: str = Field(
        default="11506-3",
        pattern=r"^\d{1,7}-\d$",
        description="LOINC code of the DocumentReference for a parent page, a progress note's by default; change it "
        "for other kinds of report",
    )

    corrections: Retention = Field(
        default="none",
        description="kept of corrections whose speaker agrees: none, text or audio+text; set it to learn from them",
    )
    corrections_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="days after which a correction is deleted; set what the site's register of processing says",
    )
    corrections_salt: SecretStr = Field(
        default=SecretStr(""), description="secret that pseudonyms are made with; keep it, or deletion by name is lost"
    )
    corrections_bucket: str = Field(
        default="corrections",
        description="bucket of corrections, apart from all others; change it where the store's names are fixed",
    )

    def parent_list(self) -> tuple[str, ...]:
        """Return the origins that may embed the page."""
        return tuple(origin.strip().rstrip("/") for origin in self.page_parents.split(",") if origin.strip())
