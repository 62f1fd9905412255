"""Corrections that clinicians agreed to keep, for the next training."""
