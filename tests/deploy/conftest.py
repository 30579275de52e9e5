from tests.rig.cli import terminal
from tests.rig.registry import docker_registry

__all__ = ["docker_registry", "terminal"]
