"""Pages of strangers are refused by name; a browser's token stands in the subprotocol."""

import pytest
from carabin.service.errors import Forbidden
from carabin.transcriber.access.origins import origin_allowed, require_origin, subprotocol_token


def test_a_browsers_token_is_read_from_the_subprotocol_behind_bearer_alone():
    assert subprotocol_token(["bearer", "abc"]) == "abc"
    assert [subprotocol_token(offered) for offered in ([], ["bearer"], ["chat", "abc"])] == [None] * 3


def test_origin_of_strangers_is_not_allowed():
    assert origin_allowed(None, (), "h:1")
    assert origin_allowed("https://a.example", ("https://a.example",), "h:1")
    assert origin_allowed("http://h:1", (), "h:1")
    assert not origin_allowed("https://evil.example", ("https://a.example",), "h:1")
    assert origin_allowed("https://evil.example", ("*",), "h:1")


def test_a_page_of_another_origin_is_refused_by_its_name():
    require_origin({"host": "h:1"}, ())
    require_origin({"host": "h:1", "origin": "http://h:1"}, ())
    with pytest.raises(Forbidden, match=r"pages of https://evil\.example may not connect"):
        require_origin({"host": "h:1", "origin": "https://evil.example"}, ("https://a.example",))
