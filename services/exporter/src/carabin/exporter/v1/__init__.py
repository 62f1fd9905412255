"""The exporter's gRPC contract, generated from proto/carabin/exporter/v1."""
