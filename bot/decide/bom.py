"""CycloneDX 1.6 of runs: what `check --format cyclonedx` prints, a bill of materials with its vulnerabilities (VEX).

One repository is the component that the document describes. Several are components of a component that stands for all
of them, each with its own parts nested inside: a document describes one thing, and parts of two repositories that are
called alike stay two.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import ExternalReference, ExternalReferenceType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6

from bot.decide.bom_flaws import vulnerabilities
from bot.decide.bom_parts import Parts, parts
from bot.decide.exchange import LONGEST_TEXT, labels, origin
from bot.decide.notices import notices
from bot.formats.exchange_text import line
from bot.model.runs import RunRecord

ALL = "quarterdeck:repositories"
TOOL = "quarterdeck:tool"


def text(runs: Sequence[RunRecord], version: str, now: datetime) -> str:
    """Give the document as JSON; `version` is that of Quarterdeck. The same runs and time give the same bytes."""
    named = list(zip(runs, labels(runs), strict=True))
    roots = [_root(run, label) for run, label in named]
    whole = roots[0] if len(roots) == 1 else Component(type=ComponentType.APPLICATION, name="repositories", bom_ref=ALL)
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, "\n".join(_identity(run, label) for run, label in named)),
        metadata=BomMetaData(component=whole, timestamp=now, tools=_tools(version)),
    )
    for (run, label), root in zip(named, roots, strict=True):
        found = parts(run.snapshot, run.images, label)
        inside = [*found.pins.values(), *(image.component for image in found.images.values())]
        if root is whole:
            bom.components.update(inside)
        else:
            root.components.update(inside)
            bom.components.add(root)
        bom.dependencies.update(_dependencies(root, found))
        bom.vulnerabilities.update(vulnerabilities(run, found, root))
    if whole not in roots:
        bom.dependencies.add(_dependency(whole, roots))
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _identity(run: RunRecord, label: str) -> str:
    return f"{origin(run) or label}@{run.snapshot.commit if run.snapshot else ''}"


def _tools(version: str) -> ToolRepository:
    tool = Component(type=ComponentType.APPLICATION, name="quarterdeck", version=version, bom_ref=TOOL)
    return ToolRepository(components=[tool])


def _root(run: RunRecord, label: str) -> Component:
    address = origin(run)
    said = [Property(name="quarterdeck:outcome", value=str(run.outcome))]
    for notice in notices(run, left_out=0):
        value = line(f"{notice.id}: {notice.text}", LONGEST_TEXT)
        said.append(Property(name=f"quarterdeck:{notice.level}", value=value))
    return Component(
        type=ComponentType.APPLICATION,
        name=label,
        version=run.snapshot.commit if run.snapshot else None,
        bom_ref=label,
        properties=said,
        external_references=[ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(address))] if address else [],
    )


def _dependencies(root: Component, found: Parts) -> Iterator[Dependency]:
    """Say who asks for what."""
    yield _dependency(root, found.direct)
    for key, component in found.pins.items():
        yield _dependency(component, found.needs.get(key, ()))
    for image in found.images.values():
        yield _dependency(image.component, ())


def _dependency(component: Component, needs: Iterable[Component]) -> Dependency:
    return Dependency(ref=component.bom_ref, dependencies=[Dependency(ref=one.bom_ref) for one in needs])
