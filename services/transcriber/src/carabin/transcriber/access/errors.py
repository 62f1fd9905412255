"""What a client may not have beside what carabin.service.errors refuses it; no text here ever holds a token.

AccessRefused                (carabin.service.errors)
* IdentityLimit              this identity has as many sessions open as it may
"""

from carabin.service.errors import AccessRefused


class IdentityLimit(AccessRefused):
    """This identity has as many sessions open as it may."""
