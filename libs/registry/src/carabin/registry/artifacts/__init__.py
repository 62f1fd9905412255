"""What the buckets hold: manifests, and the files they vouch for."""
