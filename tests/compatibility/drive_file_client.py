"""Runs `TranscriptionClient` of the published package on a file: PORT WAV SRT; prints what it received as JSON."""

import json
import sys

from websocket import ABNF
from whisper_live.client import TranscriptionClient

port, wav, srt = sys.argv[1:]
client = TranscriptionClient(
    "localhost",
    int(port),
    lang="fr",
    model="small",
    log_transcription=False,
    output_transcription_path=srt,
    mute_audio_playback=True,
)
client(wav)
inner = client.client
# The server's own close frame reaches this client as an "error" when it comes before the client's; its sister class
# of the same package ignores it for that reason.
closed_well = getattr(getattr(inner, "error_message", None), "opcode", None) == ABNF.OPCODE_CLOSE
error = inner.server_error and not closed_well
sys.stdout.write("\n" + json.dumps({"transcript": inner.transcript, "server_error": error}) + "\n")
