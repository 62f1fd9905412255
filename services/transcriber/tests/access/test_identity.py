"""Who may dictate: where a credential may stand, how many sessions it opens, and a session that outlives its token."""

import json

import pytest

from ..helpers.servers import client, dictate, running

KEY = "correct-horse-battery"


@pytest.mark.parametrize(
    "options",
    [
        {"additional_headers": {"Authorization": f"Bearer {KEY}"}},
        {"subprotocols": ["bearer", KEY]},
    ],
)
async def test_key_opens_a_session_in_header_or_subprotocol(options):
    async with running(api_keys=f"ward-1:{KEY}") as server, client(server, **options) as raw:
        assert (await raw.hello())["message"] == "SERVER_READY"
        assert server.parts.transcriber.identities == ["ward-1"]


async def test_key_opens_a_session_in_the_first_message():
    async with running(api_keys=f"ward-1:{KEY}") as server, client(server) as raw:
        assert (await raw.hello(token=KEY))["message"] == "SERVER_READY"
        assert server.parts.transcriber.identities == ["ward-1"]


async def test_key_in_the_url_opens_nothing():
    async with running(api_keys=f"ward-1:{KEY}") as server, client(server, f"/?token={KEY}") as raw:
        assert (await raw.hello())["status"] == "ERROR"
        assert (await raw.rest())[0] == 1008


async def test_wrong_key_is_401_at_the_handshake():
    from websockets.exceptions import InvalidStatus

    async with running(api_keys=f"ward-1:{KEY}") as server:
        with pytest.raises(InvalidStatus) as refusal:
            async with client(server, additional_headers={"Authorization": "Bearer wrong"}):
                pass
        assert refusal.value.response.status_code == 401


async def test_page_of_another_origin_is_403_at_the_handshake():
    from websockets.exceptions import InvalidStatus

    async with running(origins="https://records.example") as server:
        with pytest.raises(InvalidStatus) as refusal:
            async with client(server, origin="https://evil.example"):
                pass
        assert refusal.value.response.status_code == 403
        async with client(server, origin="https://records.example") as raw:
            assert (await raw.hello())["message"] == "SERVER_READY"


async def test_sessions_of_one_identity_are_limited_and_others_are_not():
    keys = f"ward-1:{KEY},ward-2:another-long-secret"
    async with running(api_keys=keys, sessions_per_identity=1) as server, client(server) as one, client(server) as two:
        await one.hello(token=KEY)
        refused = await two.hello(token=KEY)
        assert "ward-1" in refused["message"]
        assert (await two.rest())[0] == 1013
        async with client(server) as other:
            assert (await other.hello(token="another-long-secret"))["message"] == "SERVER_READY"


async def test_token_of_somebody_else_does_not_renew_a_session(issuer):
    async with running(**issuer.settings()) as server, client(server) as raw:
        await raw.hello(token=issuer.token())
        await raw.send(json.dumps({"event": "token", "token": issuer.token(sub="mallory")}))
        assert (await raw.rest())[0] == 1008


async def test_without_authentication_everybody_is_anonymous():
    async with running() as server:
        await dictate(server)
        assert server.parts.transcriber.identities == ["anonymous"]
