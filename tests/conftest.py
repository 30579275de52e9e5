"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# No test depends on how fast the machine is: neither an example's time nor that of generating one is a failure.
settings.register_profile("quarterdeck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quarterdeck")
