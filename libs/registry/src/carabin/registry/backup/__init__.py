"""Copies of models in folders, with the logs and tags that say what serves, and their way back."""
