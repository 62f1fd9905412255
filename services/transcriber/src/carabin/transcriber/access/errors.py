"""What can be wrong with who a client is, drawn; no text here ever holds a token.

TranscriberError             (core.errors)
* AccessRefused
  x Unauthenticated          no credential, or one that is not valid
  x TokenExpired             the credential was valid and is no longer
  x Forbidden                a valid credential without the right, or an origin that is not allowed
  x IdentityLimit            this identity has as many sessions open as it may
* InsecureListening          the settings would open the service to a network without authentication
"""

from ..core.errors import TranscriberError


class AccessRefused(TranscriberError):
    """This client may not do this."""


class Unauthenticated(AccessRefused):
    """No credential, or one that is not valid."""


class TokenExpired(AccessRefused):
    """The credential's time is over."""


class Forbidden(AccessRefused):
    """The credential lacks the right, or the page's origin is not allowed."""


class IdentityLimit(AccessRefused):
    """This identity has as many sessions open as it may."""


class InsecureListening(TranscriberError):
    """The settings would open the service to a network without authentication."""
