"""A model version written to the registry, and signed."""
