from tests.rig.cli import terminal as terminal  # noqa: PLC0414 - fixtures of this folder
from tests.rig.index import local_index as local_index  # noqa: PLC0414
from tests.rig.registry import docker_registry as docker_registry  # noqa: PLC0414
