"""The end of a credential, which a fresh one can put off."""

import asyncio

from carabin.service.access.identity import Identity


class CredentialExpiry:
    """Waits until the credential of a session has expired."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._renewed = asyncio.Event()

    def renew(self, identity: Identity) -> None:
        """Take a fresh credential in place of the one before."""
        self._identity = identity
        self._renewed.set()

    async def wait(self) -> None:
        """Return when the newest credential has expired."""
        while True:
            self._renewed.clear()
            try:
                await asyncio.wait_for(self._renewed.wait(), self._identity.left_s())
            except TimeoutError:
                return
