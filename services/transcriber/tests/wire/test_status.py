"""One table from our errors to three protocols: every error has a row, and nothing of an unexpected one is sent."""

import inspect

import grpc
import pytest
from carabin.service import errors as service_errors
from carabin.transcriber.access import errors as access_errors
from carabin.transcriber.core.errors import NotReady, Overloaded
from carabin.transcriber.wire import errors as wire_errors
from carabin.transcriber.wire.status import MAX_REASON_BYTES, close_reason, sentence_of, status_of

MEETS_NO_CLIENT = (service_errors.InsecureListening, service_errors.SettingInvalid, service_errors.PortTaken)
"""What ends a start."""
OF_THE_SERVER = (service_errors.ResourcesExhausted,)
"""What passes without the client's doing, as a model that is not ready yet."""
CLIENT_ERRORS = [
    kind
    for module in (wire_errors, access_errors, service_errors)
    for _, kind in inspect.getmembers(module, inspect.isclass)
    if kind.__module__ == module.__name__ and not kind.__subclasses__() and kind not in MEETS_NO_CLIENT + OF_THE_SERVER
]


@pytest.mark.parametrize("kind", CLIENT_ERRORS)
def test_no_error_of_a_client_is_reported_as_a_fault_of_the_server(kind: type[Exception]) -> None:
    status = status_of(kind.__new__(kind))
    assert status.label != "internal"
    assert 400 <= status.http < 500
    assert status.grpc is not grpc.StatusCode.INTERNAL
    assert status.close_code != 1011


@pytest.mark.parametrize("kind", OF_THE_SERVER)
def test_a_state_of_the_server_that_passes_is_one_to_try_again_after(kind: type[Exception]) -> None:
    status = status_of(kind.__new__(kind))
    assert status.label != "internal"
    assert (status.close_code, status.http) == (1013, 503)


def test_a_kind_that_has_no_row_takes_that_of_the_nearest_kind_above() -> None:
    class StillLoading(NotReady):
        """A kind of a later release."""

    assert status_of(StillLoading("x")) is status_of(NotReady("x"))


def test_an_unexpected_error_says_nothing_of_its_inside() -> None:
    error = KeyError("patient Dupont")
    assert status_of(error).label == "internal"
    assert sentence_of(error) == "the server failed; its log says why"
    assert sentence_of(Overloaded(7.0)) == str(Overloaded(7.0))


@pytest.mark.parametrize("text", ["court", "é" * 61, "x" * MAX_REASON_BYTES])
def test_a_close_reason_that_fits_is_whole(text: str) -> None:
    assert close_reason(text) == text


@pytest.mark.parametrize("text", ["un mot " * 30, "déjà dit : " * 20, f"{'mot ' * 30}{'x' * 200}"])
def test_a_longer_close_reason_is_cut_behind_a_word_and_marked(text: str) -> None:
    reason = close_reason(text)
    assert MAX_REASON_BYTES - 15 <= len(reason.encode()) <= MAX_REASON_BYTES
    words = reason.removesuffix("…").split()
    assert reason.endswith("…")
    assert words == text.split()[: len(words)]


def test_a_word_that_is_too_long_alone_is_cut_between_letters() -> None:
    for text in ("é" * 100, "x" * 200):
        reason = close_reason(text)
        assert text.startswith(reason.removesuffix("…"))
        assert MAX_REASON_BYTES - 2 <= len(reason.encode()) <= MAX_REASON_BYTES
