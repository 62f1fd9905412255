"""Speaks every case of the formatter's tables and adds what Whisper writes of it to the tables of Whisper's own forms.

    python bench/format_decode.py                                # the embedded Whisper base
    python bench/format_decode.py --model demo=FOLDER            # another CTranslate2 folder, under a name
    python bench/format_decode.py --speaker lente-grave          # another of the trainer's synthetic speakers

Each new line says what the formatter makes of it today and how `format_judge` judges that: read the lines before you
commit them. A text that a table holds already is left as it is.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from carabin.registry.serving_window import FINAL_TOKENS_PER_S, frames_in, token_cap
from carabin.trainer.models.embedded import install_base_model
from carabin.trainer.synthesis.voices import SPEAKERS, Speaker
from carabin.transcriber.formatting import FormatOptions, Formatter
from carabin.transcriber.inference.ct2 import Ct2Engine
from carabin.transcriber.inference.engine import DecodeRequest
from carabin.transcriber.streaming.decode_requests import FINAL_SILENCE_S
from format_judge import judge
from format_tables import AUTOTEXTS, WHISPER, cases, read_rows
from py_nanotts import NanoTTS

CARRIERS: Final = {
    "radiology": "À l'examen, {}.",
    "cardiology": "À la consultation, {}.",
    "obstetrics": "Pour cette grossesse, {}.",
    "oncology": "Dans le dossier, {}.",
    "laboratory": "Ce matin, {}.",
    "surgery": "Au bloc opératoire, {}.",
    "emergency": "À l'arrivée, {}.",
}
"""The short sentence around what each specialty says: Whisper needs a beginning."""

BEAM_SIZE: Final = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="base", help="name=FOLDER; by default the embedded Whisper base")
    parser.add_argument("--speaker", default="posee", choices=[speaker.name for speaker in SPEAKERS])
    arguments = parser.parse_args()
    name, _, folder = arguments.model.partition("=")
    speaker = next(each for each in SPEAKERS if each.name == arguments.speaker)
    with tempfile.TemporaryDirectory(prefix="carabin-bench-") as scratch:
        decoder = SpokenDecoder(Path(folder) if folder else install_base_model(Path(scratch) / "base"), speaker)
        for table, family, said, wanted in spoken_cases():
            add(WHISPER / f"{table}.tsv", family, decoder.transcribe(said), name, wanted)


def add(path: Path, family: str, transcript: str, model: str, wanted: str) -> None:
    """Append one line to a table of Whisper's own forms, unless it holds the text already."""
    held = {line[1] for line in read_rows(path)}
    if not transcript or transcript in held:
        return
    formatted = Formatter(FormatOptions(typography="plain", autotexts=AUTOTEXTS)).final(transcript)
    if formatted.events or "\n" in formatted.text + wanted:
        return
    written = "=" if formatted.text == transcript else formatted.text
    line = (family, transcript, written, judge(wanted, transcript, formatted.text), model, wanted)
    with path.open("a", encoding="utf-8") as file:
        file.write("\t".join(line) + "\n")


def spoken_cases() -> Iterator[tuple[str, str, str, str]]:
    """Yield (table, family, said, written), the specialties' cases within a short sentence."""
    for row in cases():
        if row.origin == "spoken" and row.table in CARRIERS:
            carrier = CARRIERS[row.table]
            yield row.table, row.kind, carrier.format(row.given), carrier.format(row.written)


class SpokenDecoder:
    """Speaks a text with the synthetic voice and returns what Whisper writes of it, decoded as the service does."""

    def __init__(self, model: Path, speaker: Speaker) -> None:
        self._engine, self._voice, self._speaker = Ct2Engine(model, replicas=1), NanoTTS(), speaker

    def transcribe(self, said: str) -> str:
        pcm = self._voice.speak(said, voice="fr-FR", speed=self._speaker.speed, pitch=self._speaker.pitch)
        samples = np.frombuffer(pcm, np.int16).astype(np.float32) / np.float32(32768)
        n_frames = frames_in(len(samples))
        request = DecodeRequest(
            samples,
            self._engine.windows.window_for(n_frames),
            "fr",
            beam_size=BEAM_SIZE,
            max_tokens=token_cap(n_frames, FINAL_TOKENS_PER_S),
            silence_s=FINAL_SILENCE_S,
        )
        [hypothesis], _ = self._engine.decode([request])
        return hypothesis.text.strip()


if __name__ == "__main__":
    main()
