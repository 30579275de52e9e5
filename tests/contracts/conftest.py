from tests.rig.github import github_description

__all__ = ["github_description"]

from tests.rig.index import local_index as local_index  # noqa: PLC0414 - a fixture for this folder
