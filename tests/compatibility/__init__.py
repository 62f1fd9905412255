"""The published WhisperLive client, unmodified, against our server with a real model."""
