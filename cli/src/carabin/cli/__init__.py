"""The operator's `carabin` command, thin over the services."""
