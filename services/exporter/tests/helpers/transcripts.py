"""What a model wrote of a sample, as the validation receives it from a decoder."""

import numpy as np
from carabin.exporter.validation.decode import DecodedText, Transcribed
from carabin.exporter.validation.samples import Sample


def hypothesis(text: str, *tokens: int, capped: bool = False) -> DecodedText:
    return DecodedText(tokens, text, capped)


def transcribed(sentence: str, said: DecodedText, n_frames: int = 400) -> Transcribed:
    audio = np.zeros(n_frames * 160, np.float32)
    return Transcribed(Sample("one", audio, sentence), np.zeros((80, n_frames), np.float32), said)
