"""Generated from proto/carabin/transcriber/v1 by `make proto`."""
