"""What every part of the transcriber speaks of: errors, events, configuration; no socket and no model."""
