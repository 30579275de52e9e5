"""Image references as people write them, normalised to registry, repository, tag and digest.

Grammar: the `distribution/reference` specification (its package documentation), with Docker Hub's defaults.
"""

import re

from bot.model.images import ImageName

DOCKER_HUB = "docker.io"
ALIASES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
LONGEST_REPOSITORY = 255
HIGHEST_PORT = 65535

LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
HOST = re.compile(rf"(?:{LABEL}(?:\.{LABEL})*|\[[0-9a-f:]+\])(?::(?P<port>[0-9]{{1,5}}))?")
COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
IMAGE_ID = re.compile(r"[0-9a-f]{64}")


def parse(text: str) -> ImageName:
    """Normalise a reference; the tag becomes `latest` where there is neither tag nor digest.

    Docker Hub's other names become `docker.io`, and its official images get their `library/`.
    Raises ValueError with a sentence that names the reference and what is wrong with it.
    """
    named, at, digest = text.partition("@")
    if at and not DIGEST.fullmatch(digest):
        raise _wrong(text, "its digest is not sha256: with 64, or sha512: with 128, lower-case hexadecimal digits")
    if IMAGE_ID.fullmatch(named):
        raise _wrong(text, "64 hexadecimal digits are an image's id, which no registry can be asked for")
    registry, rest = _split(text, named)
    repository, colon, tag = rest.partition(":")
    if colon and not TAG.fullmatch(tag):
        raise _wrong(text, f"{tag!r} is not a tag" if tag else "its tag is empty")
    return ImageName(
        registry=registry,
        repository=_repository(text, registry, repository),
        tag=tag or (None if digest else "latest"),
        digest=digest or None,
    )


def _split(text: str, named: str) -> tuple[str, str]:
    """Tell the registry from the rest: a first part with a dot or a port, or `localhost`, is a host."""
    first, slash, rest = named.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return DOCKER_HUB, named
    host = first.lower()
    found = HOST.fullmatch(host)
    if not found or int(found["port"] or 1) not in range(1, HIGHEST_PORT + 1):
        raise _wrong(text, f"{first!r} is not a registry's host")
    return (DOCKER_HUB if host in ALIASES else host), rest


def _repository(text: str, registry: str, repository: str) -> str:
    if not repository:
        raise _wrong(text, "it names no repository")
    if repository != repository.lower():
        raise _wrong(text, f"the repository {repository!r} must be lower-case")
    if not all(COMPONENT.fullmatch(part) for part in repository.split("/")):
        raise _wrong(text, f"{repository!r} is not a repository's name")
    official = registry == DOCKER_HUB and "/" not in repository
    full = f"library/{repository}" if official else repository
    if len(full) > LONGEST_REPOSITORY:
        raise _wrong(text, f"its repository is longer than {LONGEST_REPOSITORY} characters")
    return full


def _wrong(text: str, why: str) -> ValueError:
    return ValueError(f"{text!r} is not an image reference: {why}")
