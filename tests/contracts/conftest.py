from tests.rig.github import github_description

__all__ = ["github_description"]
