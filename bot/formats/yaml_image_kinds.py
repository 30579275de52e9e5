"""Which YAML files may mention images, by their paths."""

import re
from enum import StrEnum


class Kind(StrEnum):
    """What a YAML file is to those who read it."""

    COMPOSE = "compose"
    WORKFLOW = "workflow"
    ACTION = "action"
    GITLAB = "gitlab"
    KUSTOMIZE = "kustomize"
    KUBERNETES = "kubernetes"


PATHS = (
    (Kind.COMPOSE, re.compile(r"(?:.*/)?(?:docker-compose[^/]*|compose(?:\.[^/]*)?)\.ya?ml", re.DOTALL)),
    (Kind.WORKFLOW, re.compile(r"\.github/workflows/[^/]+\.ya?ml", re.DOTALL)),
    (Kind.ACTION, re.compile(r"(?:.*/)?action\.ya?ml", re.DOTALL)),
    (Kind.GITLAB, re.compile(r"(?:.*/)?[^/]*\.gitlab-ci\.ya?ml|(?:.*/)?\.gitlab/.+\.ya?ml", re.DOTALL)),
    (Kind.KUSTOMIZE, re.compile(r"(?:.*/)?kustomization\.ya?ml", re.DOTALL)),
    (Kind.KUBERNETES, re.compile(r".+\.ya?ml", re.DOTALL)),
)


def kind_of(path: str) -> Kind | None:
    """Say what a file may be by its path, None where it is no YAML; KUBERNETES is any other: its text decides."""
    return next((kind for kind, pattern in PATHS if pattern.fullmatch(path)), None)
