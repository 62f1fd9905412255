"""Fakes that ship beside the interfaces they stand for."""
