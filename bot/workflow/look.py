"""Ask registries what the tags of a snapshot point to now: once per distinct image."""

from dataclasses import replace

from bot.decide import assess
from bot.decide.document import tag_of
from bot.errors import AccessDenied, RepoError
from bot.model.findings import MovedDigest, Unreadable
from bot.model.images import ImageLook, ImageName, ImageUse, PlatformManifest
from bot.model.policy import Policy
from bot.model.snapshot import Snapshot
from bot.ports import Registry
from bot.workflow.case import Case
from bot.workflow.together import together

READERS = 4  # registries count requests, and one repository has few images


def look(case: Case, snapshot: Snapshot) -> tuple[Snapshot, tuple[ImageLook, ...]]:
    """Look at every tag; one that cannot be seen for good becomes Unreadable, a registry that is down raises."""
    names = sorted({tag_of(use) for use in snapshot.images if use.name.tag}, key=str)
    if not names or case.wish.only == "locks" or case.wish.moves.narrow:
        return snapshot, ()
    with case.tools.progress.step(case.name, "asking registries"):
        answers = together(lambda name: _one(case.tools.registry, name), names, readers=READERS)
    looks = tuple(answer for answer in answers if isinstance(answer, ImageLook))
    refused = {name: str(answer) for name, answer in zip(names, answers, strict=True) if isinstance(answer, str)}
    strange = tuple(
        Unreadable(path=use.path, line=use.line, subject=use.reference, why=refused[tag_of(use)])
        for use in snapshot.images
        if tag_of(use) in refused
    )
    return replace(snapshot, unreadable=(*snapshot.unreadable, *strange)), looks


def compare(
    case: Case, snapshot: Snapshot, looks: tuple[ImageLook, ...]
) -> tuple[tuple[tuple[ImageUse, str], ...], tuple[MovedDigest, ...]]:
    """Pair every mention with its tag's digest, and tell which of the pinned ones moved for the platforms used."""
    by_name = {seen.name: seen for seen in looks}
    pairs = tuple((use, seen) for use in snapshot.images if (seen := by_name.get(tag_of(use))) is not None)
    found = (_moved(case.tools.registry, use, seen, case.rules.policy) for use, seen in pairs)
    return tuple((use, seen.digest) for use, seen in pairs), tuple(move for move in found if move is not None)


def _one(registry: Registry, name: ImageName) -> ImageLook | str:
    try:
        return registry.look(name)
    except (AccessDenied, RepoError) as error:
        return f"{error.message} ({error.hint})" if error.hint else error.message


def _moved(registry: Registry, use: ImageUse, seen: ImageLook, policy: Policy) -> MovedDigest | None:
    if use.name.digest in {None, seen.digest}:
        return None
    old = _manifests(registry, use.name, use.name.digest or "")
    new = _manifests(registry, use.name, seen.digest)
    return assess.moved(use, seen, old, new, policy)


def _manifests(registry: Registry, name: ImageName, digest: str) -> tuple[PlatformManifest, ...]:
    """List an index; a digest that the registry no longer has cannot be compared, so it counts as moved."""
    try:
        return registry.manifests(name, digest)
    except (AccessDenied, RepoError):
        return ()
