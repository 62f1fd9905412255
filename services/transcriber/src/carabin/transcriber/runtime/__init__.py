"""Sessions on their thread: the transcriber that the protocols talk to."""
