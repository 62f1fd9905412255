"""From settings to who may come in: where listening without a key is refused, and which secrets cannot be read."""

from pathlib import Path

import pytest
from carabin.service.access.factory import make_authenticator, refuse_insecure, static_keys
from carabin.service.access.identity import (
    NoAuthentication,
    StaticKeys,
)
from carabin.service.access.settings import AccessSettings
from carabin.service.errors import InsecureListening, SettingInvalid

KEY = "correct-horse-battery"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_no_authentication(host):
    refuse_insecure(AccessSettings(host=host), NoAuthentication())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "speech.example"])
def test_network_needs_authentication_or_an_explicit_word(host):
    with pytest.raises(InsecureListening, match="authentication"):
        refuse_insecure(AccessSettings(host=host), NoAuthentication())
    refuse_insecure(AccessSettings(host=host, insecure=True), NoAuthentication())
    refuse_insecure(AccessSettings(host=host), StaticKeys([("a", KEY)]))


def test_half_of_a_tls_pair_is_refused():
    with pytest.raises(InsecureListening, match="both"):
        refuse_insecure(AccessSettings(tls_cert=Path("cert.pem")), NoAuthentication())


@pytest.mark.parametrize(
    ("setting", "variable"),
    [("api_keys_file", "API_KEYS_FILE"), ("oidc_jwks_file", "OIDC_JWKS_FILE")],
)
def test_secret_that_is_not_there_is_named_by_its_variable(setting, variable, tmp_path):
    absent = tmp_path / "absent"
    chosen = {"oidc_issuer": "http://127.0.0.1:9"} | {setting: absent}
    with pytest.raises(SettingInvalid, match=variable):
        make_authenticator(AccessSettings(**chosen))


def test_certificate_that_cannot_be_read_is_named(tmp_path):
    settings = AccessSettings(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem")
    with pytest.raises(SettingInvalid, match="TLS_CERT"):
        refuse_insecure(settings, NoAuthentication())


@pytest.mark.parametrize("keys", ["no-colon-here-at-all", ":nameless-long-secret", "ward:short"])
def test_key_without_name_or_too_short_is_refused_without_repeating_it(keys):
    with pytest.raises(InsecureListening) as refusal:
        static_keys(AccessSettings(api_keys=keys))
    assert keys not in str(refusal.value)


async def test_new_key_stands_beside_the_old_one_of_its_name(tmp_path):
    file = tmp_path / "keys"
    file.write_text("ward:key-of-the-file-12345\n")
    keys = ["old-key-0123456789", "new-key-0123456789"]
    settings = AccessSettings(api_keys=",".join(f"ward:{key}" for key in keys), api_keys_file=file)
    authenticator = make_authenticator(settings)
    for key in (*keys, "key-of-the-file-12345"):
        assert (await authenticator.identify(key)).name == "ward"
