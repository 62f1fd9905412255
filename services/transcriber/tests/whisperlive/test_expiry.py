"""A session ends with its credential, unless a fresh one of the same holder came in time."""

import asyncio
import json
import time

import pytest
from carabin.service.access.identity import Identity
from carabin.service.errors import Unauthenticated
from carabin.transcriber.whisperlive.expiry import CredentialExpiry

from ..helpers.servers import client, running, speech

OVER, FOR_AN_HOUR = Identity.until("dr-house", 0.0), Identity.until("dr-house", time.time() + 3600)
FOR_EVER = Identity("dr-house")


async def turns() -> None:
    """Let everything that can go on go on."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_credential_that_is_over_ends_the_wait_at_once() -> None:
    await CredentialExpiry(OVER).wait()


@pytest.mark.parametrize("first", [FOR_AN_HOUR, FOR_EVER])
async def test_wait_follows_the_newest_credential(first: Identity) -> None:
    expiry = CredentialExpiry(first)
    waiting = asyncio.create_task(expiry.wait())
    await turns()
    assert not waiting.done()
    expiry.renew(FOR_EVER)
    await turns()
    assert not waiting.done()
    expiry.renew(OVER)
    await waiting


async def test_credential_renewed_before_the_wait_counts() -> None:
    expiry = CredentialExpiry(FOR_EVER)
    expiry.renew(OVER)
    await expiry.wait()


class Renewing:
    """Knows one person, whose next tokens are good until the times given."""

    required = True

    def __init__(self, *expiries: float) -> None:
        self._expiries = list(expiries)

    async def identify(self, token: str | None) -> Identity:
        if token is None:
            raise Unauthenticated("a token is needed")
        return Identity.until("dr-house", self._expiries.pop(0))


async def test_session_ends_with_its_token_and_loses_no_word():
    async with running(authenticator=Renewing(time.time() + 3600, 0.0)) as server, client(server) as raw:
        await raw.hello(token="x")
        await raw.send(speech(0.8))
        await raw.until("segments")
        # The second token is over already, as the first would be in an hour.
        await raw.send(json.dumps({"event": "token", "token": "y"}))
        code, reason = await raw.rest()
    assert (code, "expired" in (reason or "")) == (1008, True)
    assert [segment["text"] for segment in raw.finals] == [" le patient"]
    assert raw.messages[-1]["message"] == "DISCONNECT"


async def test_fresh_token_lets_the_session_go_on():
    authenticator = Renewing(time.time() + 3600, time.time() + 7200, 0.0)
    async with running(authenticator=authenticator) as server, client(server) as raw:
        await raw.hello(token="x")
        await raw.send(json.dumps({"event": "token", "token": "y"}), speech(0.4), json.dumps({"event": "flush"}))
        await raw.until("segments")
        assert len(server.parts.admission.sessions) == 1
        await raw.send(json.dumps({"event": "token", "token": "z"}))
        assert (await raw.rest())[0] == 1008
