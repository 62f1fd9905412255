"""What can go wrong around a service.

CarabinError          of carabin.registry.errors
* ServiceError
  x SettingInvalid    a setting is missing or does not parse; the sentence names its variable
  x PortTaken         another program listens there
  x AudioFileRefused  a recording is no audio that we read
    x AudioHoldsNothing  its header is right, and no sound follows it
"""

from carabin.registry.errors import CarabinError


class ServiceError(CarabinError):
    """Base of everything this library raises on purpose."""


class SettingInvalid(ServiceError):
    """A setting is missing or does not parse; the sentence names its variable."""


class PortTaken(ServiceError):
    """Another program listens on the port."""


class AudioFileRefused(ServiceError):
    """A recording is none of the containers that we read, holds no audio, or cannot be decoded."""


class AudioHoldsNothing(AudioFileRefused):
    """A recording's header can be read, and no sound that can be decoded follows it."""
