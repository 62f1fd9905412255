"""The gRPC protocol of proto/carabin/transcriber/v1."""
