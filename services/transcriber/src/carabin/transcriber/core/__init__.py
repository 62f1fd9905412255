"""Types that every part of the transcriber uses: errors, events, configuration; no socket and no model."""
