"""What can go wrong around a service.

CarabinError          of carabin.registry.errors
* ServiceError
  x SettingInvalid         a setting is missing or does not parse; the sentence names its variable
  x PortTaken              another program listens there
  x ResourcesExhausted     no more memory, threads or open files; what was worked on may be sound
  x AudioFileRefused       a recording is no audio that we read
    + AudioHoldsNothing    its header is right, and no sound follows it
  x AccessRefused          no text of these ever holds a token
    + Unauthenticated      no credential, or one that is not valid
    + TokenExpired         the credential was valid and is no longer
    + Forbidden            a valid credential without the right, or an origin that is not allowed
  x InsecureListening      the settings would open the service to a network without authentication
"""

from carabin.registry.errors import CarabinError


class ServiceError(CarabinError):
    """Base of everything this library raises on purpose."""


class SettingInvalid(ServiceError):
    """A setting is missing or does not parse; the sentence names its variable."""


class PortTaken(ServiceError):
    """Another program listens on the port."""


class ResourcesExhausted(ServiceError):
    """There is no more memory, no further thread or no further open file for what is worked on; it may be sound.

    Args:
        subject: what is worked on.
        cause: what a library or the system said.
    """

    def __init__(self, subject: object, cause: BaseException) -> None:
        text = str(cause).strip()
        self.reason = text.splitlines()[-1] if text else type(cause).__name__
        super().__init__(
            f"{subject} cannot be used now: this machine, or a limit of this process, gives no more memory, threads or"
            f" open files ({self.reason}); it was not found damaged: end other programs or raise the limit, and repeat"
        )


class AudioFileRefused(ServiceError):
    """A recording is none of the containers that we read, holds no audio, or cannot be decoded."""


class AudioHoldsNothing(AudioFileRefused):
    """A recording's header can be read, and no sound that can be decoded follows it."""


class AccessRefused(ServiceError):
    """This client may not do this."""


class Unauthenticated(AccessRefused):
    """No credential, or one that is not valid."""


class TokenExpired(AccessRefused):
    """The credential's time is over."""


class Forbidden(AccessRefused):
    """The credential lacks the right, or the page's origin is not allowed."""


class InsecureListening(ServiceError):
    """The settings would open the service to a network without authentication."""
