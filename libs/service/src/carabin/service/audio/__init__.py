"""Recordings of others, decoded and judged alike wherever they come from: uploads, dictations of files, datasets.

Needs the packages av and numpy: `carabin-service[audio]`.
"""

from .container import MAX_RATE_HZ, MAX_STREAMS, MIN_RATE_HZ, open_audio
from .damage import Damage, damage_of
from .foreign import HEAD_BYTES, what_it_is
from .frames import Gap
from .known_containers import CONTAINERS, HEADERLESS
from .recording import MAX_HOURS, Recording, Samples, decode
from .spectrum import RATE_HZ, share_above
from .speech import no_speech

__all__ = [
    "CONTAINERS", "HEADERLESS", "HEAD_BYTES", "MAX_HOURS", "MAX_RATE_HZ", "MAX_STREAMS", "MIN_RATE_HZ", "RATE_HZ",
    "Damage", "Gap", "Recording", "Samples", "damage_of", "decode", "no_speech", "open_audio", "share_above",
    "what_it_is",
]  # fmt: skip
