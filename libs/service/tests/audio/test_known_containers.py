"""What is read opens no other file, and is what this FFmpeg has."""

from av.format import ContainerFormat
from carabin.service.audio import CONTAINERS, HEADERLESS

OPENING_OTHERS = {
    *(
        "concat",
        "concatf",
        "hls",
        "dash",
        "imf",
        "sdp",
        "rtsp",
        "rtp",
        "sap",
        "image2",
        "image2pipe",
        "lavfi",
        "vobsub",
    ),
    *("webm_dash_manifest", "mlv", "alsa", "fbdev", "x11grab", "ffmetadata"),
}


def test_no_demuxer_that_opens_other_files_addresses_or_devices_is_among_them() -> None:
    assert not OPENING_OTHERS & CONTAINERS.keys()
    assert not any(name.endswith("_pipe") for name in CONTAINERS)


def test_every_demuxer_is_one_that_this_ffmpeg_reads() -> None:
    assert all(ContainerFormat(name, "r").is_input for name in CONTAINERS)


def test_every_code_without_a_header_is_among_the_containers() -> None:
    assert set(HEADERLESS.values()) <= CONTAINERS.keys()
