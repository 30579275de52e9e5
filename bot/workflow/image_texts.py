"""The files that mention images, Dockerfiles and YAML alike: what they mention, and their new texts."""

from collections.abc import Iterable, Mapping

from bot.formats import dockerfile, dockerfile_upgrades, foreign_locks, image_edits, yaml_image_kinds
from bot.formats.image_edits import Edit
from bot.formats.yaml_image_kinds import Kind
from bot.model.findings import Unreadable
from bot.model.images import ImageUse, UpgradeLayer
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


def why_not(use: ImageUse, tag: str, uses: Iterable[ImageUse], texts: Mapping[str, str]) -> str:
    """Say why a mention cannot get a tag, "" where it can."""
    mine = [one for one in uses if one.path == use.path]
    return image_edits.can_retag(texts[use.path], use, tag, mine, read)


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
