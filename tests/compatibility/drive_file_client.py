"""Runs `TranscriptionClient` of the published package on a file: PORT WAV SRT; prints what it has heard as JSON."""

import json
import sys

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
sys.stdout.write("\n" + json.dumps({"transcript": inner.transcript, "server_error": inner.server_error}) + "\n")
