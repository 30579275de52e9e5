"""What holds for all tests."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from bot.system.redaction import forget_all

# No test depends on how fast the machine is: neither an example's time nor that of generating one is a failure.
settings.register_profile("quarterdeck", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("quarterdeck")


@pytest.fixture(autouse=True)
def no_secret_of_another_test() -> Iterator[None]:
    """Let no test see a text without the secrets of one that ran before it."""
    yield
    forget_all()
