"""Where images stand in compose files, Kubernetes manifests, GitHub workflows and actions, and GitLab's pipelines.

Rules: the Compose specification (`services`, and its `!reset`), the Kubernetes API (PodSpec), GitHub's workflow and
metadata syntax, and GitLab's CI/CD YAML syntax with its `!reference`. Each walk gives the nodes, whatever is in them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from bot.formats.yaml_image_kinds import Kind
from bot.formats.yaml_nodes import Mapping, Node, Scalar, Sequence, children, entry, words

DOCKER = "docker://"
REFERENCE = "!reference"
DEEPEST_REFERENCE = 10

TEMPLATE = ("spec", "template", "spec")
POD_SPECS = {
    "Pod": ("spec",),
    "Deployment": TEMPLATE,
    "StatefulSet": TEMPLATE,
    "DaemonSet": TEMPLATE,
    "ReplicaSet": TEMPLATE,
    "ReplicationController": TEMPLATE,
    "Job": TEMPLATE,
    "CronJob": ("spec", "jobTemplate", *TEMPLATE),
    "PodTemplate": ("template", "spec"),
}
CONTAINERS = ("initContainers", "containers", "ephemeralContainers")

NO_JOBS = frozenset({
    "variables", "include", "stages", "workflow", "spec", "cache", "before_script", "after_script", "image", "services",
    "types",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """A node that names an image, behind the first `skip` characters of its text, and the platform that is asked for.

    `apart` is set where kustomize keeps name, tag and digest in entries of their own: `node` is all of them.
    """

    node: Node
    platform: str | None = None
    skip: int = 0
    apart: "Apart | None" = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Apart:
    """An entry of kustomize's `images`: the name that it gives, and its new tag and digest where they are there."""

    name: Scalar
    tag: Scalar | None
    digest: Scalar | None


def places(kind: Kind, documents: tuple[Node, ...]) -> Iterator[Place]:
    """Give all places of a file, in no particular order; a node that many aliases use may come more than once."""
    seen: set[int] = set()
    for document in documents:
        yield from WALKS[kind](document, seen)


def _compose(document: Node, seen: set[int]) -> Iterator[Place]:
    """Give the images of services but those that a service of this file builds: there `image` names the result."""
    services = list(children(entry(document, "services"), seen))
    built = {_untagged(service) for service in services if entry(service, "build")}
    for service in services:
        image = entry(service, "image")
        if image and not entry(service, "build") and _untagged(service) not in built:
            yield Place(node=image, platform=_platform(entry(service, "platform")))


def _untagged(service: Node) -> str | Node | None:
    """Give the image's text without the tag that is meant where none is given, else the node, which equals no other."""
    image = entry(service, "image")
    return words(image).removesuffix(":latest") or image


def _platform(node: Node | None) -> str | None:
    text = words(node)
    return None if "$" in text or "{{" in text else text or None


def _workflow(document: Node, seen: set[int]) -> Iterator[Place]:
    for job in children(entry(document, "jobs"), seen):
        for container in (entry(job, "container"), *children(entry(job, "services"), seen)):
            image = entry(container, "image") if isinstance(container, Mapping) else container
            if image := entry(image):
                yield Place(node=image)
        yield from _steps(job, seen)


def _action(document: Node, seen: set[int]) -> Iterator[Place]:
    runs = entry(document, "runs")
    yield from _docker(entry(runs, "image"))
    yield from _steps(runs, seen)


def _steps(holder: Node | None, seen: set[int]) -> Iterator[Place]:
    for step in children(entry(holder, "steps"), seen):
        yield from _docker(entry(step, "uses"))


def _docker(node: Node | None) -> Iterator[Place]:
    """Give what is an image by its scheme; anything else is an action or a Dockerfile."""
    if node and words(node).lower().startswith(DOCKER):
        yield Place(node=node, skip=len(DOCKER))


def _gitlab(document: Node, seen: set[int]) -> Iterator[Place]:
    if isinstance(document, Mapping):
        jobs = [node for name, node in document.entries.items() if name not in NO_JOBS]
        for job in (document, *jobs):
            for found in (entry(job, "image"), *_services(document, entry(job, "services"), seen)):
                image = _followed(document, found)
                platform = _platform(entry(image, "docker", "platform"))
                name = _followed(document, entry(image, "name")) if isinstance(image, Mapping) else image
                if name := entry(name):
                    yield Place(node=name, platform=platform)


def _services(document: Node, services: Node | None, seen: set[int]) -> Iterator[Node]:
    """Give the services of a job; a reference to other services may stand among them."""
    waiting = [services]
    while waiting:
        node = _followed(document, waiting.pop())
        if isinstance(node, Sequence) and node.tag != REFERENCE:
            waiting.extend(children(node, seen))
        elif node:
            yield node


def _followed(document: Node, node: Node | None) -> Node | None:
    """Follow `!reference [job, key…]` within the file; the reference itself where it leads out of it."""
    for _ in range(DEEPEST_REFERENCE):
        if not isinstance(node, Sequence) or node.tag != REFERENCE:
            return node
        found = entry(document, *map(words, node.items[:DEEPEST_REFERENCE]))
        if not node.items or found is None:
            return node
        node = found
    return node


def _kubernetes(document: Node, seen: set[int]) -> Iterator[Place]:
    waiting = [document]
    while waiting:
        resource = waiting.pop()
        kind = words(entry(resource, "kind"))
        if not words(entry(resource, "apiVersion")):
            continue
        if kind.endswith("List"):
            waiting.extend(children(entry(resource, "items"), seen))
        elif kind in POD_SPECS:
            yield from _pod(entry(resource, *POD_SPECS[kind]), seen)


def _pod(spec: Node | None, seen: set[int]) -> Iterator[Place]:
    for key in CONTAINERS:
        for container in children(entry(spec, key), seen):
            if image := entry(container, "image"):
                yield Place(node=image)
    for volume in children(entry(spec, "volumes"), seen):
        if image := entry(volume, "image", "reference"):
            yield Place(node=image)


def _kustomize(document: Node, seen: set[int]) -> Iterator[Place]:
    """Give the entries that set a tag or a digest, where they are plain; others only rename."""
    for image in children(entry(document, "images"), seen):
        name = entry(image, "newName") or entry(image, "name")
        tag, digest = entry(image, "newTag"), entry(image, "digest")
        if not (tag or digest) or entry(image, "tagSuffix"):
            continue
        if isinstance(name, Scalar) and isinstance(tag, Scalar | None) and isinstance(digest, Scalar | None):
            yield Place(node=image, apart=Apart(name=name, tag=tag, digest=digest))


Walk: TypeAlias = Callable[[Node, set[int]], Iterator[Place]]
WALKS: dict[Kind, Walk] = {
    Kind.COMPOSE: _compose,
    Kind.WORKFLOW: _workflow,
    Kind.ACTION: _action,
    Kind.GITLAB: _gitlab,
    Kind.KUSTOMIZE: _kustomize,
    Kind.KUBERNETES: _kubernetes,
}
