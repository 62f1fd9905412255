"""A store in memory, one that fails, and fixtures of a real one."""
