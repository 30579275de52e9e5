"""The files that mention images, Dockerfiles and YAML alike: what they mention, and their new texts."""

from collections import Counter
from collections.abc import Iterable, Mapping

from bot.formats import dockerfile, dockerfile_upgrades, foreign_locks, image_edits, yaml_image_kinds
from bot.formats.image_edits import Edit
from bot.formats.yaml_image_kinds import Kind
from bot.model.findings import Unreadable
from bot.model.images import ImageUse, UpgradeLayer
from bot.model.observed import Target
from bot.model.plan import Repin, Retag, Stamp


def read(path: str, text: str) -> tuple[tuple[ImageUse, ...], tuple[Unreadable, ...]]:
    """Give the images that a file mentions, and what could not be understood; never raises."""
    if dockerfile.is_dockerfile(path):
        return dockerfile.image_uses(path, text)
    from bot.formats import yaml_images  # noqa: PLC0415 - most repositories have no YAML with images

    return yaml_images.image_uses(path, text)


def mentions_images(path: str) -> bool:
    """Whether a file of this name may mention images."""
    return dockerfile.is_dockerfile(path) or yaml_image_kinds.kind_of(path) is not None


def is_for_images(path: str) -> bool:
    """Whether a file's name alone says that it mentions images: not one that may be a Kubernetes manifest."""
    return dockerfile.is_dockerfile(path) or yaml_image_kinds.kind_of(path) not in {None, Kind.KUBERNETES}


def holds_more(path: str) -> bool:
    """Whether a file may be more to us than mentions of images: all but YAML that is no lock."""
    yaml = yaml_image_kinds.kind_of(path) is not None and not dockerfile.is_dockerfile(path)
    return not yaml or foreign_locks.locker_of(path) is not None


def may_mention(path: str, data: bytes) -> bool:
    """Look cheaply whether a YAML file can mention an image at all."""
    words = (b"apiVersion", b"kind", b"image") if yaml_image_kinds.kind_of(path) is Kind.KUBERNETES else ()
    return all(word in data for word in words)


def upgrade_layers(path: str, text: str) -> tuple[UpgradeLayer, ...]:
    """Give a Dockerfile's layers that upgrade packages."""
    if not dockerfile.is_dockerfile(path):
        return ()
    return tuple(
        UpgradeLayer(
            path=path,
            base_line=found.base_line,
            line=found.line,
            manager=found.manager,
            stamp=found.stamp.value if found.stamp else "",
        )
        for found in dockerfile_upgrades.upgrades(text)
    )


def refusals(
    wanted: Mapping[ImageUse, Target], uses: Iterable[ImageUse], texts: Mapping[str, str]
) -> dict[ImageUse, str]:
    """Say which of the mentions cannot get the tag that is wanted for them, and why.

    Mentions that take their tag from the same place (`ARG VERSION=3.12.1`) move together or not at all: each must want
    just what the others' move would make of it, and be proposed beside them.
    """
    shared = _shared(uses)
    along: dict[ImageUse, tuple[Edit, ...]] = {}
    why: dict[ImageUse, str] = {}
    for use, target in wanted.items():
        if use.digest_span is not None and _is_plain(use, shared):
            continue
        try:
            along[use] = image_edits.companions(texts[use.path], use, target.tag or "", read)[1:]
        except ValueError as error:
            why[use] = str(error)
    while more := {
        use: said for use, edits in along.items() if use not in why and (said := _torn(use, edits, wanted, why))
    }:
        why |= more
    return why


def _shared(uses: Iterable[ImageUse]) -> frozenset[tuple[str, int]]:
    """Give the places that are a part of more than one mention's tag."""
    places = Counter((use.path, offset) for use in uses for offset in use.tag_at)
    return frozenset(place for place, count in places.items() if count > 1)


def _is_plain(use: ImageUse, shared: frozenset[tuple[str, int]]) -> bool:
    """Whether a tag stands in one piece that serves nothing else, so that nothing can move with it."""
    whole = use.tag_at == tuple(range(use.tag_at[0], use.tag_at[-1] + 1)) if use.tag_at else False
    return whole and not any((use.path, offset) in shared for offset in use.tag_at)


def _torn(
    use: ImageUse, edits: Iterable[Edit], wanted: Mapping[ImageUse, Target], refused: Mapping[ImageUse, str]
) -> str:
    """Say which mention would not go along, "" where all would."""
    for edit in edits:
        target = wanted.get(edit.use)
        fits = target is not None and target.tag == edit.tag and edit.use not in refused
        if not fits or (target is not None and target.another_release != wanted[use].another_release):
            where = f"{edit.use.path}:{edit.use.line}"
            return f"{edit.use.reference} in {where} takes its tag from the same place and would become {edit.tag}"
    return ""


def edited(path: str, text: str, actions: Iterable[Repin | Retag | Stamp]) -> str:
    """Give the new text of a file; raises ValueError with a sentence where an edit is not possible."""
    edits: list[Edit] = []
    stamps: list[Stamp] = []
    for action in actions:
        match action:
            case Repin(use=use, digest=digest):
                edits.append(Edit(use=use, digest=digest))
            case Retag(use=use, tag=tag, digest=digest):
                edits.append(Edit(use=use, digest=digest, tag=tag))
            case Stamp():
                stamps.append(action)
    if edits:
        text = image_edits.apply(path, text, edits, read)
    return _stamped(text, stamps)


def _stamped(text: str, stamps: Iterable[Stamp]) -> str:
    """Set stamps stage by stage from the end, so that no line moves before it is used."""
    stages = {found.line: found.stage_line for found in dockerfile_upgrades.upgrades(text)}
    by_stage: dict[int, list[Stamp]] = {}
    for stamp in stamps:
        by_stage.setdefault(stage_of(stamp, stages), []).append(stamp)
    for line in sorted(by_stage, reverse=True):
        rows = by_stage[line]
        first = rows[0]
        if first.insert:
            text = dockerfile_upgrades.with_upgrade_layer(text, first.line, first.manager, first.value)
        else:
            text = dockerfile_upgrades.stamped(text, [row.line for row in rows], first.value)
    return text


def stage_of(stamp: Stamp, stages: Mapping[int, int]) -> int:
    """Give the line of the FROM of the stage that a stamp belongs to."""
    return stamp.line if stamp.insert else stages.get(stamp.line, stamp.line)
