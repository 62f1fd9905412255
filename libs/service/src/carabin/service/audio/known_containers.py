"""Which of FFmpeg's demuxers read the recordings of others, and what people call their files."""

from types import MappingProxyType
from typing import Final

CONTAINERS: Final = MappingProxyType(
    {
        "wav": "WAV and RF64",
        "w64": "Wave64",
        "aiff": "AIFF",
        "au": "Sun audio",
        "caf": "Core Audio",
        "flac": "FLAC",
        "mp3": "MP3",
        "aac": "AAC (ADTS)",
        "loas": "AAC (LATM)",
        "ac3": "AC-3",
        "eac3": "E-AC-3",
        "dts": "DTS",
        "mp4": "MP4 (M4A, MOV, 3GP)",
        "ogg": "Ogg (Opus, Vorbis, Speex, FLAC)",
        "matroska": "Matroska and WebM",
        "avi": "AVI",
        "flv": "FLV",
        "mpegts": "MPEG-TS",
        "mpeg": "MPEG-PS (MPG, VOB)",
        "mxf": "MXF",
        "gxf": "GXF",
        "asf": "WMA",
        "rm": "RealAudio",
        "amr": "AMR",
        "gsm": "GSM",
        "g722": "G.722",
        "g723_1": "G.723.1",
        "g729": "G.729",
        "qcp": "QCP",
        "dss": "DSS",
        "oma": "ATRAC (OMA)",
        "wv": "WavPack",
        "tta": "TTA",
        "ape": "Monkey's Audio",
        "tak": "TAK",
        "mpc": "Musepack",
        "mpc8": "Musepack",
        "shn": "Shorten",
        "nistsphere": "NIST SPHERE",
        "voc": "VOC",
    }
)
"""FFmpeg's demuxers that are used -> what people call their files. None of them opens another file."""
HEADERLESS: Final = MappingProxyType(
    {
        ".g722": "g722", ".722": "g722", ".g723_1": "g723_1", ".tco": "g723_1", ".rco": "g723_1", ".g729": "g729",
    }
)  # fmt: skip
"""Suffixes of the codes of telephony that begin without any mark -> demuxer. Of such a file alone the name counts; in
bytes that are marked as something else it does not. A-law, u-law and bare samples are not here: they say no rate."""
