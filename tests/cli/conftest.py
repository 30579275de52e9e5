from tests.rig.cli import terminal
from tests.rig.github import github_description, github_server
from tests.rig.index import local_index
from tests.rig.registry import docker_registry, private_registry
from tests.rig.shapes import shaped_index

__all__ = [
    "docker_registry",
    "github_description",
    "github_server",
    "local_index",
    "private_registry",
    "shaped_index",
    "terminal",
]
