"""Dictations on disk: audio and its transcript, decoded."""
