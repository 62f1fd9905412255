"""Sessions under the tokens of an issuer that is asked over the network, and of one that is away."""

from collections.abc import Iterator

import pytest
from carabin.service.testing.issuer import LiveIssuer

from ..helpers.servers import client, running


@pytest.fixture
def issuer() -> Iterator[LiveIssuer]:
    issuer = LiveIssuer()
    yield issuer
    issuer.leave()


async def test_token_of_a_live_issuer_opens_a_session(issuer):
    async with running(oidc_issuer=issuer.url) as server, client(server) as raw:
        assert (await raw.hello(token=issuer.token()))["message"] == "SERVER_READY"
        assert server.parts.transcriber.identities == ["dr-house"]


async def test_service_starts_without_its_issuer_and_takes_api_keys_and_says_so(issuer, caplog):
    issuer.leave()
    key = "correct-horse-battery"
    async with running(oidc_issuer=issuer.url, api_keys=f"ward:{key}") as server:
        async with client(server) as raw:
            assert (await raw.hello(token=key))["message"] == "SERVER_READY"
        async with client(server) as raw:
            assert "out of reach" in (await raw.hello(token=issuer.token()))["message"]
    assert [record for record in caplog.records if getattr(record, "event", "") == "jwks_unreachable"]
