"""The components of a CycloneDX document: what one repository pins, where, and what asks for what."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cyclonedx.model.component import Component, ComponentType
from packaging.utils import canonicalize_name

from bot.decide.bom_images import Image, evidence, images
from bot.decide.bom_purls import key_of, purl
from bot.model.images import ImageName
from bot.model.locks import Lock, Pin
from bot.model.observed import ImageState
from bot.model.snapshot import Snapshot

PARENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a repository is made of.

    `pins` are by name and version, `images` by name, digest included; `needs` say which pins a pin
    asks for, `direct` what the repository itself asks for, or nobody knows who.
    """

    pins: Mapping[tuple[str, str], Component]
    images: Mapping[ImageName, Image]
    needs: Mapping[tuple[str, str], tuple[Component, ...]]
    direct: tuple[Component, ...]


def parts(snapshot: Snapshot | None, states: Sequence[ImageState], label: str) -> Parts:
    """Give the components of a repository; `label` begins every reference, so that those of two never meet."""
    if snapshot is None:
        return Parts(pins={}, images={}, needs={}, direct=())
    pins = _pins(snapshot.locks, label)
    containers = images(snapshot.images, states, label)
    needs: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    direct: set[tuple[str, str]] = set()
    for lock in snapshot.locks:
        for parents, child in _edges(lock):
            for parent in parents:
                needs[parent].add(child)
            if not parents:
                direct.add(child)
    return Parts(
        pins=pins,
        images=containers,
        needs={key: tuple(pins[one] for one in sorted(found)) for key, found in sorted(needs.items())},
        direct=(
            *(pins[key] for key in sorted(direct or pins.keys())),
            *(image.component for image in containers.values()),
        ),
    )


def _pins(locks: Iterable[Lock], label: str) -> dict[tuple[str, str], Component]:
    places: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for lock in locks:
        for pin in lock.pins:
            places[key_of(pin.name, pin.version)].append((lock.path, pin.line))
    return {key: _pin(*key, found, label) for key, found in sorted(places.items())}


def _pin(name: str, version: str, places: Iterable[tuple[str, int]], label: str) -> Component:
    reference = f"{label}#pypi/{name}@{version}"
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        purl=purl("pypi", name, version),
        bom_ref=reference,
        evidence=evidence(reference, places),
    )


def _edges(lock: Lock) -> Iterator[tuple[set[tuple[str, str]], tuple[str, str]]]:
    """Give each pin with those that ask for it; without any where a source does, or the lock does not say who."""
    by_name: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for pin in lock.pins:
        by_name[pin.name].add(key_of(pin.name, pin.version))
    for pin in lock.pins:
        child = key_of(pin.name, pin.version)
        parents = {parent for name in _asked_by(pin) for parent in by_name.get(name, ())} - {child}
        yield parents, child
        if parents and pin.direct:
            yield set(), child


def _asked_by(pin: Pin) -> Iterator[str]:
    for entry in pin.via:
        found = PARENT.match(entry)
        if found and " " not in entry:
            yield canonicalize_name(found[0])
