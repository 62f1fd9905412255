"""What the transcriber refuses, drawn; each text is one clear sentence for a person, and never holds dictated text.

CarabinError                  (carabin.registry.errors)
* TranscriberError
  * SessionRefused            no session was opened, nothing was lost
    x Overloaded              too much speech at once; `retry_after_s`: when to come back
    x NotReady                no model is loaded; `reason`: why
    x Draining                the service is going away; another replica will answer
    x UnknownModel            no such model is served here
    x UnknownVocabulary       no such named vocabulary beside the model
    x UnsupportedLanguage     the language is none that the model knows
    x InvalidConfig           a value in the configuration is out of range; `field` and `reason`: which and why
  * SessionClosed             audio came after finish() or cancel()
  * IllegalTransition         a session was asked to do what its state does not allow; an error in the program
  * ImpossibleAudio           the samples are no audio in the declared format; `probable`: what was probably sent
  * ModelRefused              a model version cannot be served; `version` and `reason`: which and why
    x ModelBroken             files missing, bytes wrong, or CTranslate2 cannot read them
    x ModelMismatch           mel bins, vocabulary or manifest disagree
    x ModelUntrusted          trusted keys are set, and none of them signed it
    x SmokeFailed             it loads, and its smoke dictation comes out wrong
    x MemoryShort             it does not fit beside the model in use
    x DeviceShort             the GPU failed under it, or no memory is left; the version itself may be sound
  * DecodeFailed              the engine failed on one request; others were not touched
    x DeviceFailed            the GPU did
"""

from carabin.registry.errors import CarabinError
from carabin.service.memory_errors import says_memory_is_short


class TranscriberError(CarabinError):
    """Base of everything the transcriber raises on purpose."""


class SessionRefused(TranscriberError):
    """No session was opened."""


class Overloaded(SessionRefused):
    """The service already receives as much speech as it can decode in time."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the transcriber is at its limit: try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class NotReady(SessionRefused):
    """There is no model to decode with."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no model is ready: {reason}")
        self.reason = reason


class Draining(SessionRefused):
    """The service finishes its sessions and takes no new ones."""

    def __init__(self) -> None:
        super().__init__("the transcriber is shutting down: connect again to reach another replica")


class UnknownModel(SessionRefused):
    """A session asked for a model that is not served here."""

    param = "model"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"no model {name[:80]!r} is served here; served: {', '.join(known)}")
        self.name = name
        self.known = known


class UnknownVocabulary(SessionRefused):
    """A session asked for a vocabulary that is not there."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        listing = ", ".join(known) if known else "none"
        super().__init__(f"there is no vocabulary {name!r}; known: {listing}")
        self.name = name
        self.known = known


class UnsupportedLanguage(SessionRefused):
    """A session asked for a language that the model does not know."""

    def __init__(self, language: str) -> None:
        super().__init__(f"language {language!r} is none that the model knows: use a code such as 'fr' or 'en'")
        self.language = language
        self.param = "language"


class InvalidConfig(SessionRefused):
    """A value in a session's configuration is out of range."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


class SessionClosed(TranscriberError):
    """Audio or a flush came after the dictation was finished or cancelled."""


class IllegalTransition(TranscriberError):
    """A session cannot go from its state to the one that was asked for."""

    def __init__(self, now: str, to: str) -> None:
        super().__init__(f"a session cannot go from {now} to {to}")
        self.now = now
        self.to = to


class ImpossibleAudio(TranscriberError):
    """The samples cannot be audio in the format that the client declared."""

    def __init__(self, found: str, probable: str) -> None:
        super().__init__(f"the audio is not in its declared format: {found}; probably {probable}")
        self.found = found
        self.probable = probable


class ModelRefused(TranscriberError):
    """A model version cannot be served; the one in use goes on."""

    def __init__(self, version: str, reason: str) -> None:
        super().__init__(f"model {version} is refused: {reason}")
        self.version = version
        self.reason = reason


class ModelBroken(ModelRefused):
    """Files are missing, their bytes are wrong, or CTranslate2 cannot read them."""


class ModelMismatch(ModelRefused):
    """Mel bins, vocabulary or manifest disagree with the weights."""


class ModelUntrusted(ModelRefused):
    """Trusted keys are set, and none of them signed the version."""


class SmokeFailed(ModelRefused):
    """The model loads, and does not transcribe its smoke dictation as its manifest expects."""


class MemoryShort(ModelRefused):
    """There is no room for this model beside the one in use."""


class DeviceShort(ModelRefused):
    """The GPU failed under this version, or no memory is left: the version may be sound, and is tried again."""

    @property
    def of_memory(self) -> bool:
        """Whether memory ran out, the GPU's or the machine's, by what the failed library said."""
        return says_memory_is_short(self.reason)


class DecodeFailed(TranscriberError):
    """The engine failed on one request."""


class DeviceFailed(DecodeFailed):
    """The GPU failed on a request, or no memory was left, whatever model ran on it."""
