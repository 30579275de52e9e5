"""The images of a CycloneDX document, each with the packages of its operating system where they were read."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence

from bot.decide import bom_purls
from bot.decide.bom_purls import key_of
from bot.decide.exchange import LONGEST_NAME, LONGEST_TEXT
from bot.formats.exchange_text import line
from bot.model.contents import ImageContents
from bot.model.images import ImageName, ImageUse
from bot.model.observed import ImageState
from bot.model.packages import OsRelease, Package

DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image of the document; `packages` are those of its operating system, by name."""

    component: Component
    packages: Mapping[str, tuple[Component, ...]]


def images(uses: Iterable[ImageUse], states: Sequence[ImageState], label: str) -> dict[ImageName, Image]:
    """Give each distinct image once, digest included, with all places that mention it."""
    mentions: dict[ImageName, list[ImageUse]] = defaultdict(list)
    for use in uses:
        mentions[use.name].append(use)
    known = {state.use: state for state in states}
    ordered = sorted(mentions.items(), key=lambda row: (row[0].tagged, row[0].digest or ""))
    return {
        name: _image(name, found, next((known[use] for use in found if use in known), None), label)
        for name, found in ordered
    }


def evidence(reference: str, places: Iterable[tuple[str, int]]) -> ComponentEvidence:
    """Say in which files and lines a component is mentioned.

    Each place gets a reference, as the library sorts by it: without any, places would stand in the order of memory.
    """
    found = sorted({(line(path, LONGEST_TEXT) or ".", max(number, 0)) for path, number in places})
    return ComponentEvidence(
        occurrences=[
            Occurrence(bom_ref=f"{reference}#place-{index:04}", location=path, line=number)
            for index, (path, number) in enumerate(found, 1)
        ]
    )


def _image(name: ImageName, mentions: Sequence[ImageUse], state: ImageState | None, label: str) -> Image:
    digest = line(name.digest or (state.look.digest if state else ""), LONGEST_NAME)
    reference = f"{label}#oci/{line(name.tagged, LONGEST_NAME)}@{line(name.digest or 'unpinned', LONGEST_NAME)}"
    built = _built(state)
    packages: dict[str, tuple[Component, ...]] = defaultdict(tuple)
    for package, contents in _distinct(built):
        packages[package.name] = (*packages[package.name], _package(package, contents, reference))
    systems = dict.fromkeys(contents.os for contents in built if contents.os)
    whole = name.repository if name.registry == "docker.io" else f"{name.registry}/{name.repository}"
    exact = DIGEST.fullmatch(digest)
    component = Component(
        type=ComponentType.CONTAINER,
        name=line(whole, LONGEST_TEXT) or "image",
        version=line(name.tag or digest, LONGEST_NAME),
        purl=bom_purls.image(name, digest) if digest else None,
        bom_ref=reference,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=exact[1])] if exact else [],
        evidence=evidence(reference, ((use.path, use.line) for use in mentions)),
        components=[
            *(_system(os, reference) for os in systems),
            *(one for found in packages.values() for one in found),
        ],
    )
    return Image(component=component, packages=packages)


def _built(state: ImageState | None) -> list[ImageContents]:
    """Give what is inside the image that is built today: what was inspected is the newest one, unless it is pinned."""
    if state is None:
        return []
    if state.moved:
        return [diff.old for diff in state.newest.diffs]
    return [seen.contents for seen in state.inspections]


def _distinct(built: Iterable[ImageContents]) -> Iterator[tuple[Package, ImageContents]]:
    """Give packages once that several platforms share."""
    seen: set[tuple[str, str, str]] = set()
    for contents in built:
        for package in contents.packages:
            key = (*key_of(package.name, package.version), line(package.architecture, LONGEST_NAME))
            if key not in seen:
                seen.add(key)
                yield package, contents


def _package(one: Package, contents: ImageContents, image: str) -> Component:
    name, version = key_of(one.name, one.version)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        purl=bom_purls.os_package(one, contents),
        bom_ref=f"{image}/{name}@{version}?{line(one.architecture, LONGEST_NAME)}",
    )


def _system(os: OsRelease, image: str) -> Component:
    name, version = key_of(os.id, os.version)
    reference = f"{image}/os/{name}@{version}/{line(os.codename, LONGEST_NAME)}"
    return Component(type=ComponentType.OPERATING_SYSTEM, name=name, version=version, bom_ref=reference)
