"""What a site keeps of corrections, for how long, and under which pseudonyms."""

import hashlib
import hmac
from dataclasses import dataclass

from ..settings.web import Retention, WebSettings
from .errors import CorrectionsMisconfigured

MIN_SALT = 16
"""Characters; a shorter salt could be guessed, and names with it."""


@dataclass(frozen=True, slots=True)
class CorrectionPolicy:
    """The site's choice.

    Raises:
        CorrectionsMisconfigured: retention without a salt that can keep a secret.
    """

    retention: Retention = "none"
    days: int = 90
    salt: str = ""
    bucket: str = "corrections"

    def __post_init__(self) -> None:
        if self.retention != "none" and len(self.salt) < MIN_SALT:
            raise CorrectionsMisconfigured(
                f"corrections are kept ({self.retention}) and CARABIN_TRANSCRIBER_CORRECTIONS_SALT has fewer than "
                f"{MIN_SALT} characters: set a long random one, and keep it"
            )

    def pseudonym(self, name: str) -> str:
        """Return 16 hex digits that only the salt's holder can lead back to a name."""
        return hmac.new(self.salt.encode(), name.encode(), hashlib.sha256).hexdigest()[:16]


def correction_policy(settings: WebSettings) -> CorrectionPolicy:
    """Return the site's choice about corrections.

    Raises:
        CorrectionsMisconfigured: they are kept without a salt.
    """
    salt = settings.corrections_salt.get_secret_value()
    return CorrectionPolicy(settings.corrections, settings.corrections_days, salt, settings.corrections_bucket)
