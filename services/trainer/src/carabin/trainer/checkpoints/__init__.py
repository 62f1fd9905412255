"""Checkpoints written, uploaded and taken up again."""
