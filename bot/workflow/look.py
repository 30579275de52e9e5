"""Ask registries what the tags of a snapshot point to now: once per distinct image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeAlias

from bot.decide import settle
from bot.decide.document import tag_of
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.model.findings import Unreadable
from bot.model.images import ImageLook, ImageName
from bot.model.snapshot import Snapshot
from bot.workflow.case import Case
from bot.workflow.together import together

READERS = 4  # registries count requests, and one repository has few images
Answered: TypeAlias = tuple[ImageLook | None, str, Unavailable | None]
SIGHTINGS = "tag-sightings"
TRUSTED_FOR = timedelta(days=14)  # how long what was seen of a tag stands in for a registry that is not heard


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What tags point to; `asked` is False where nobody wanted to know.

    `silent` says of a name why its registry was not heard: its look is an earlier one.
    """

    asked: bool = False
    looks: tuple[ImageLook, ...] = ()
    silent: Mapping[ImageName, str] = field(default_factory=dict)


def look(case: Case, snapshot: Snapshot) -> tuple[Snapshot, Looked]:
    """Look at every tag.

    One that cannot be seen becomes Unreadable. What was seen of it in the last two weeks stands in, so that nothing
    that was proposed is withdrawn because a registry has a bad hour. Where no registry at all is heard, and none was
    lately, Unavailable is raised: a quarter is not opened without its images. A rehearsal opens nothing, and tells all
    that can be told.
    """
    names = sorted({tag_of(use) for use in snapshot.images if use.name.tag}, key=str)
    if case.wish.only == "locks" or case.wish.moves.narrow:
        return snapshot, Looked()
    if not names:
        return snapshot, Looked(asked=True)
    with case.tools.progress.step(case.name, "asking registries"):
        answers = together(lambda name: _one(case, name), names, readers=READERS)
    if not case.tools.rehearsal:
        _any_heard(answers)
    refused = {name: why for name, (_, why, _) in zip(names, answers, strict=True) if why}
    strange = tuple(
        Unreadable(path=use.path, line=use.line, subject=use.reference, why=refused[tag_of(use)])
        for use in snapshot.images
        if tag_of(use) in refused
    )
    looks = tuple(found for found, _, _ in answers if found is not None)
    seen = replace(snapshot, unreadable=(*snapshot.unreadable, *strange))
    return seen, Looked(
        asked=True, looks=looks, silent={one.name: refused[one.name] for one in looks if one.name in refused}
    )


def _any_heard(answers: Sequence[Answered]) -> None:
    """Raise where no registry was heard, now or lately: that is an outage, and no reason to go on without images."""
    down = [error for _, _, error in answers if error is not None]
    if len(down) == len(answers):
        raise down[0]


def _one(case: Case, name: ImageName) -> Answered:
    """Give a look, why it is not one of now ("" where it is), and the error where there is none at all."""
    try:
        return case.tools.registry.look(name), "", None
    except (AccessDenied, RepoError, Unavailable) as error:
        earlier = _earlier(case, name)
        why = f"{error.message} ({error.hint})" if error.hint else error.message
        since = f"; what was seen on {earlier.observed_at:%Y-%m-%d %H:%M} UTC stands in for it" if earlier else ""
        down = error if earlier is None and isinstance(error, Unavailable) else None
        return earlier, f"{why}{since}", down


def _earlier(case: Case, name: ImageName) -> ImageLook | None:
    """Give what was last seen of a tag, None where that is too long ago."""
    history = settle.loads(case.tools.store.recall(SIGHTINGS, f"{name.registry}/{name.repository}:{name.tag}"))
    if not history or case.now - history[-1].until > TRUSTED_FOR:
        return None
    return ImageLook(name=name, digest=history[-1].digest, observed_at=history[-1].until, source="earlier look")
