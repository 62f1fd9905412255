"""The HTTP server: routes, probes, metrics, draining."""
