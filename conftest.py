"""Settings that every test shares."""

from hypothesis import HealthCheck, settings

# Machines are shared and noisy: a slow example says nothing about the code.
settings.register_profile("carabin", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("carabin")
