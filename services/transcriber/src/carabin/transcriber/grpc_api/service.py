"""The same dictations over a gRPC stream, and which model writes them.

Over 200 lines: one class has the service's calls, and the stream of a dictation is one of them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from carabin.service.access.identity import Authenticator, Identity, bearer
from carabin.service.errors import TokenExpired

from ..core.api import ModelInfo
from ..core.errors import Draining, Overloaded, UnknownModel
from ..core.events import SessionFailed
from ..formatting import Formatter
from ..v1 import transcriber_pb2 as pb
from ..v1 import transcriber_pb2_grpc
from ..wire.admission import Admission, AdmittedSession
from ..wire.errors import BadField, SessionTooLong, WrongAudioFormat
from ..wire.pcm import AudioFormat, push_frame
from ..wire.status import error_of, sentence_of, status_of
from . import messages as grpc_messages

log = logging.getLogger(__name__)

PROTOCOL = "grpc"
Context = Any
"""grpc.aio.ServicerContext, which its stubs make generic in the messages."""


class GrpcTranscriber(transcriber_pb2_grpc.TranscriberServiceServicer):
    """Answers the calls of carabin.transcriber.v1.TranscriberService."""

    def __init__(self, admission: Admission, authenticator: Authenticator, default_language: str | None) -> None:
        self._admission = admission
        self._authenticator = authenticator
        self._default_language = default_language

    async def Dictate(  # noqa: N802  # the name in the proto
        self, request_iterator: AsyncIterator[pb.DictateRequest], context: Context
    ) -> AsyncIterator[pb.DictateResponse]:
        identity: Identity | None = None
        try:
            identity = await self._identify(context)
            config = await _config(request_iterator)
            audio = grpc_messages.audio_format(config)
            session_config = grpc_messages.session_config(config, self._default_language)
            await self._admission.wait_for_model(session_config.model)
            admitted = self._admission.admit(session_config, identity, PROTOCOL, _address(context))
        except Exception as error:
            self._admission.refused(identity, PROTOCOL, _address(context), error)
            await _abort(context, error)
            return
        stream = _Stream(admitted, audio, Formatter() if config.formatted else None)
        try:
            version = self._admission.transcriber.model_named(session_config.model).version or ""
            yield pb.DictateResponse(ready=pb.Ready(session=admitted.dictation.id, model_version=version))
            async for response in stream.run(request_iterator):
                yield response
            admitted.close("ended")
        except Exception as error:
            admitted.close(status_of(error).label)
            await _abort(context, error)
        finally:
            admitted.dictation.cancel()
            admitted.close("closed_by_client")

    async def GetModel(self, request: pb.GetModelRequest, context: Context) -> pb.GetModelResponse:  # noqa: N802
        await self._admit_reader(context)
        info = await self._model_named(request.name, context)
        return pb.GetModelResponse(model=grpc_messages.model(info))

    async def WatchModel(  # noqa: N802
        self, request: pb.WatchModelRequest, context: Context
    ) -> AsyncIterator[pb.WatchModelResponse]:
        await self._admit_reader(context)
        shown = await self._model_named(request.name, context)
        yield pb.WatchModelResponse(model=grpc_messages.model(shown))
        async for _ in self._admission.transcriber.subscribe_model():
            info = self._admission.transcriber.model_named(request.name or None)
            if info != shown:
                shown = info
                yield pb.WatchModelResponse(model=grpc_messages.model(info))

    async def _model_named(self, name: str, context: Context) -> ModelInfo:
        try:
            return self._admission.transcriber.model_named(name or None)
        except UnknownModel as error:
            await _abort(context, error)
            raise

    async def _identify(self, context: Context) -> Identity:
        return await self._authenticator.identify(bearer(_metadata(context).get("authorization")))

    async def _admit_reader(self, context: Context) -> None:
        try:
            await self._identify(context)
        except Exception as error:
            await _abort(context, error)


class _Stream:
    """One admitted call: requests in, responses out."""

    def __init__(self, admitted: AdmittedSession, audio: AudioFormat, formatter: Formatter | None) -> None:
        self._admitted = admitted
        self._audio = audio
        self._responses = grpc_messages.Responses(formatter)

    async def run(self, requests: AsyncIterator[pb.DictateRequest]) -> AsyncIterator[pb.DictateResponse]:
        receiving = asyncio.create_task(self._receive(requests))
        try:
            async for event in self._admitted.dictation.events():
                if isinstance(event, SessionFailed):
                    raise error_of(event)
                self._admitted.record_event(event)
                yield self._responses.of(event)
            await receiving
        finally:
            receiving.cancel()
            # Its own error is not raised here: it may only follow from the one that ends the stream.
            await asyncio.gather(receiving, return_exceptions=True)

    async def _receive(self, requests: AsyncIterator[pb.DictateRequest]) -> None:
        """Take requests to their end, to an error, or until the session's time is over; then make all of it final.

        Raises:
            ProtocolError, TokenExpired, Draining: why there was more to come; what was said before it is final.
        """
        try:
            reason = await self._until_ended(self._take_all(requests))
            if isinstance(reason, WrongAudioFormat):
                self._admitted.dictation.cancel()  # what was pushed before it was no speech
            else:
                await self._admitted.dictation.finish()
        except BaseException:
            self._admitted.dictation.cancel()
            raise
        if reason is not None:
            raise reason

    async def _until_ended(self, taking: Coroutine[Any, Any, None]) -> Exception | None:
        """Return why the requests ended before their end, or None."""
        tasks = [asyncio.create_task(taking), asyncio.create_task(self._admitted.ending.wait())]
        token_s, session_s = self._admitted.identity.left_s(), self._admitted.left_s()
        expires_first = token_s is not None and token_s <= session_s
        try:
            done, _ = await asyncio.wait(
                tasks, timeout=token_s if expires_first else session_s, return_when=asyncio.FIRST_COMPLETED
            )
            if tasks[0] in done:
                error = tasks[0].exception()
                if error is not None and not isinstance(error, Exception):
                    raise error
                return error
            if done:
                return Draining()
            if expires_first:
                return TokenExpired("the token has expired: what was said before it is final")
            return SessionTooLong("the session reached its longest time: what was said is final")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_all(self, requests: AsyncIterator[pb.DictateRequest]) -> None:
        async for request in requests:
            match request.WhichOneof("request"):
                case "audio":
                    n_samples = push_frame(self._admitted.dictation, self._audio, request.audio)
                    await self._admitted.dictation.wait_for_room(self._admitted.count_audio(n_samples))
                case "flush":
                    await self._admitted.dictation.flush()
                case "config":
                    raise BadField("the configuration came twice: it is the first request alone")
                case _:
                    raise BadField("a request holds neither audio nor a flush")


async def _config(requests: AsyncIterator[pb.DictateRequest]) -> pb.Config:
    async for request in requests:
        if request.WhichOneof("request") == "config":
            return request.config
        break
    raise BadField("the first request must hold the configuration")


async def _abort(context: Context, error: Exception) -> None:
    if status_of(error).label == "internal":
        log.error("a call failed", extra={"event": "call_failed", "error": type(error).__name__})
    trailers = (("retry-after-s", f"{error.retry_after_s:.0f}"),) if isinstance(error, Overloaded) else ()
    await context.abort(status_of(error).grpc, sentence_of(error), trailers)


def _metadata(context: Context) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def _address(context: Context) -> str:
    """Return the caller's host: gRPC writes `ipv4:127.0.0.1:5000`."""
    return str(context.peer()).partition(":")[2].rpartition(":")[0]
