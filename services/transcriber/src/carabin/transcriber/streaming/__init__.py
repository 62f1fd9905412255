"""A session, pure: voice activity, utterances, local agreement, and events in order."""
