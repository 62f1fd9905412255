"""`carabin models rollout`."""
