from tests.rig.github import github_description, github_server

__all__ = ["github_description", "github_server"]
