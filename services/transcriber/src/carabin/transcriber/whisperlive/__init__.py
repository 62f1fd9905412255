"""The WebSocket protocol that WhisperLive clients speak, with our additions."""
