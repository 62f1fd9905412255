"""What can be wrong with what a client sends, drawn; no text here ever holds audio, text or a token.

TranscriberError             (core.errors)
* ProtocolError              the client broke the protocol; its session ends, no other is touched
  x BadMessage               not JSON, not an object, or text where audio belongs
  x BadField                 a field is missing, or its value is none that can be meant
    x BadFormField           a field of an upload; `param`: its name
  x UnsupportedFormat        an audio format that we do not read
  x WrongAudioFormat         samples that cannot be audio in the format that was declared
  x TornFrame                a frame ends inside a sample
  x FrameTooLarge            more bytes in one message than the limit
  x ConfigTimeout            no configuration came in time
  x SessionTooLong           the session reached its longest time
  x UploadsFull              more bytes of uploads than may be held at once; `retry_after_s`: when to come back
  x UploadTooSlow            nothing of an upload comes any more, or hardly anything
  x SlowReader               the client does not read what it is sent
"""

from ..core.errors import TranscriberError


class ProtocolError(TranscriberError):
    """The client broke the protocol."""


class BadMessage(ProtocolError):
    """A message is not JSON, is no object, or is text where audio belongs."""


class BadField(ProtocolError):
    """A field is missing or has a value that cannot be meant."""


class BadFormField(BadField):
    """A field of an upload has a value that is not supported, or is not known at all."""

    def __init__(self, param: str, reason: str) -> None:
        super().__init__(f"{param} {reason}")
        self.param = param


class UnsupportedFormat(ProtocolError):
    """The audio format is none of ours."""


class WrongAudioFormat(ProtocolError):
    """The samples cannot be audio in the format that the client declared."""


class TornFrame(ProtocolError):
    """A frame ends inside a sample."""


class FrameTooLarge(ProtocolError):
    """A message has more bytes than the limit."""


class ConfigTimeout(ProtocolError):
    """The connection was opened and no configuration came."""


class SessionTooLong(ProtocolError):
    """The session reached its longest time; all that was said is final."""


class UploadsFull(ProtocolError):
    """The server holds as many bytes of uploads as it may, of all or of this identity."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(f"{reason}: try again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class UploadTooSlow(ProtocolError):
    """Nothing of an upload comes any more, or less than any line carries."""


class SlowReader(ProtocolError):
    """The client does not read what it is sent."""
