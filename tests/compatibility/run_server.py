"""Stands where the published tests expect WhisperLive's own server: starts ours, in this process, on their port."""

import os
import sys

from carabin.transcriber.__main__ import main

sys.exit(main(["--port", "9090", "--model-dir", os.environ["CARABIN_COMPATIBILITY_MODEL"]]))
