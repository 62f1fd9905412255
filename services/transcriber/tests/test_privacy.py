"""Nothing of what is dictated reaches a disk or a log, at any level; the audit stream never holds content."""

import logging
from pathlib import Path

import httpx
import pytest
from carabin.service.logging import configure_logging
from carabin.transcriber.testing.transcriber import FakeTranscriber
from carabin.transcriber.v1 import transcriber_pb2 as pb
from carabin.transcriber.v1 import transcriber_pb2_grpc

from .grpc_api.test_service import channel, requests
from .helpers.servers import client, running, silence, speech
from .openai_api.test_routes import recording

WORDS = ("zygomatique", "kératoplastie", "amiodarone")
KEY = "correct-horse-battery"


@pytest.fixture
def everything_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Send temporary files and all logs, at the lowest level, into one folder; return a reader of all its bytes."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = logging.root.handlers[:], logging.root.level
    for ours in ("websockets.client", "httpx", "httpcore"):
        # The test's own clients run in this process; a workstation's logs are not the service's.
        monkeypatch.setattr(logging.getLogger(ours), "disabled", True)
    with (tmp_path / "log.jsonl").open("w") as stream:
        configure_logging("transcriber", "DEBUG", stream)
        yield lambda: (stream.flush(), b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()))[1]
    logging.root.handlers[:], logging.root.level = before[0], before[1]
    logging.captureWarnings(False)


async def test_no_dictated_word_and_no_key_is_written_anywhere(everything_written):
    transcriber = FakeTranscriber(WORDS)
    async with running(transcriber, grpc_port=0, api_keys=f"ward-1:{KEY}") as server:
        async with client(server) as raw:
            await raw.hello(token=KEY, initial_prompt="prompt kératoplastie", hotwords="amiodarone")
            await raw.send(speech(1.1), silence(1), speech(0.3), b"END_OF_AUDIO")
            await raw.rest()
            assert "zygomatique" in str(raw.finals)
        async with client(server, f"/?token={KEY}&said=zygomatique") as raw:
            await raw.hello(language="xx", initial_prompt="amiodarone")
            await raw.rest()
        async with client(server) as raw:
            await raw.send('{"amiodarone": zygomatique')
            await raw.rest()
        async with client(server, additional_headers={"Authorization": f"Bearer {KEY}"}) as raw:
            await raw.hello()
            await raw.send(speech(0.8), "amiodarone")
            await raw.rest()
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{server.bound_port}", headers=headers, timeout=60
        ) as web:
            files = {"file": ("zygomatique.wav", recording() + bytes(3_000_000))}
            answer = await web.post("/v1/audio/transcriptions", files=files, data={"prompt": "amiodarone"})
            assert "zygomatique" in answer.text
        async with channel(server) as opened:
            stub = transcriber_pb2_grpc.TranscriberServiceStub(opened)
            metadata = (("authorization", f"Bearer {KEY}"),)
            sent = [*requests(speech(0.8)), pb.DictateRequest(audio=b"\x00")]
            with pytest.raises(Exception, match="float32"):
                _ = [each async for each in stub.Dictate(iter(sent), metadata=metadata)]
    written = everything_written()
    assert b"audit_closed" in written
    assert [word for word in (*WORDS, KEY) if word.encode() in written or word.encode()[:-1] in written] == []


async def test_upload_larger_than_a_spool_stays_in_memory(monkeypatch):
    import tempfile

    rolled = []
    original = tempfile.SpooledTemporaryFile.rollover
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", lambda self: (rolled.append(1), original(self))[1])
    async with (
        running() as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.bound_port}", timeout=60) as web,
    ):
        files = {"file": ("a.wav", recording() + bytes(3_000_000))}
        assert (await web.post("/v1/audio/transcriptions", files=files)).status_code == 200
    assert rolled == []


async def test_audit_records_who_when_which_model_and_how_long(caplog):
    caplog.set_level("INFO", logger="carabin.audit")
    transcriber = FakeTranscriber()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with running(transcriber, api_keys=f"ward-1:{KEY}") as server:
        headers = {"Authorization": f"Bearer {KEY}", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        async with client(server, additional_headers=headers) as raw:
            await raw.hello()
            await raw.send(speech(0.8), silence(1))
            while not raw.finals:
                await raw.next()
            transcriber.swap("fake-2")
            await raw.send(speech(0.8), b"END_OF_AUDIO")
            await raw.rest()
    opened, closed = caplog.records
    assert (opened.event, opened.identity, opened.protocol, opened.trace_id) == (
        "audit_opened",
        "ward-1",
        "whisperlive",
        trace,
    )
    assert (closed.event, closed.session, closed.outcome) == ("audit_closed", opened.session, "ended")
    assert (closed.model_versions, closed.utterances) == (["fake-1", "fake-2"], 2)
    assert closed.audio_s == pytest.approx(2.6)
    assert closed.duration_s >= 0


async def test_audit_records_who_was_refused(caplog):
    caplog.set_level("INFO", logger="carabin.audit")
    async with running() as server, client(server) as raw:
        await raw.hello(language="xx")
        await raw.rest()
    [refused] = caplog.records
    assert (refused.event, refused.outcome) == ("audit_refused", "unsupported_language")
