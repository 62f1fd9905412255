"""Whose decode runs next on the engine, and what is put off under load."""
