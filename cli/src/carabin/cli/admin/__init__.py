"""What a deployment runs once: buckets, users, policies."""
