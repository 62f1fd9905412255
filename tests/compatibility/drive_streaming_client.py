"""Runs `StreamingTranscriptionClient` of the published package: PORT WAV; prints what it received as JSON."""

import json
import sys
import time
import wave

from whisper_live.client import StreamingTranscriptionClient

port, wav = sys.argv[1:]
committed, partials = [], []
client = StreamingTranscriptionClient(
    "localhost",
    int(port),
    lang="fr",
    on_committed_transcript=lambda text, _: committed.append(text),
    on_partial_transcript=lambda text, _: partials.append(text),
)
with wave.open(wav) as recording, client:
    while chunk := recording.readframes(800):
        client.send(chunk, pcm_format="int16")
        time.sleep(0.05)
sys.stdout.write("\n" + json.dumps({"committed": committed, "partials": len(partials)}) + "\n")
