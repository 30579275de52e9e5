"""What is inside one image manifest, by the cheapest way that answers: an attestation, else its layers from the top.

Packages are kept by the digest of the manifest and what each layer says by the digest of the layer, so that a digest is
read once in its life: a private registry may delete it later, and siblings share their lower layers.
"""

import logging
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from bot.adapters.registries.layers import LayerLimits, read_layer
from bot.adapters.registries.oci_requests import OciRequests, Recall, Remember, understood
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.formats import contents_kept, image_system, layer_stack, spdx
from bot.formats.layer_stack import LayerFiles, Stack
from bot.formats.oci import SPDX, Layer, attestations, layers
from bot.formats.spdx import Listed
from bot.model.contents import ImageContents
from bot.model.images import ImageConfig, ImageName
from bot.model.packages import OsRelease, Package, PackageFormat, SystemFile
from bot.ports import Clock

LOG = logging.getLogger(__name__)
CONTENTS_KIND = "contents"
LAYER_KIND = "layer"
MOST_LAYERS = 1000  # Docker stops at 127
MOST_BYTES = 3 * 1024**3  # of all layers of one image as transferred: models of 10 GB are not looked through
MOST_KEPT = 256 * 1024**2  # of the files that matter in all layers of one image, with NODE_BYTES for each path
NODE_BYTES = 500
MOST_SECONDS = 600.0  # after which no further layer of an image is asked for
STATEMENT_BYTES = 16 * 1024 * 1024  # one that lists every file is larger, and then layers are the cheaper way
INTOTO = "application/vnd.in-toto+json"
PYTHON = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){1,2}(?:(?:a|b|rc)[0-9]{1,9})?")
LIMITS = LayerLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One image manifest whose contents are wanted; `index` is the index that it stands in, if any."""

    name: ImageName
    digest: str
    index: str | None
    platform: str
    config: ImageConfig


@dataclass(slots=True, kw_only=True)
class _Walk:
    """How far down the layers of an image were read.

    `why` says why it ended before everything was known; it `may_pass` where another try may get further.
    """

    stack: Stack
    seen: int = 0
    why: str = ""
    may_pass: bool = False


class ContentsReader:
    """Reads contents through `requests`; `recall` and `remember` keep them by digest."""

    def __init__(self, requests: OciRequests, clock: Clock, *, recall: Recall, remember: Remember) -> None:
        self._requests, self._clock = requests, clock
        self._recall, self._remember = recall, remember

    def read(  # noqa: PLR0913 - what an image is known by
        self, name: ImageName, digest: str, index: str | None, platform: str, config: ImageConfig, *, sources: bool
    ) -> ImageContents:
        """Give what is inside a manifest; see `OciRegistry.contents`."""
        kept = contents_kept.loads(self._recall(CONTENTS_KIND, f"{digest} {platform}"))
        known = kept is not None and (kept.digest, kept.platform) == (digest, platform)
        if kept is not None and known and (kept.sources_read or not sources):
            return kept
        asked = _Asked(name=name, digest=digest, index=index, platform=platform, config=config)
        found = None if sources else self._attested(asked)
        final = True
        if found is None:
            found, final = self._layered(asked, sources=sources)
        if final:
            self._remember(CONTENTS_KIND, f"{digest} {platform}", contents_kept.dumps(found), self._clock())
        return found

    def _attested(self, asked: _Asked) -> ImageContents | None:
        """Read the packages from an attestation; None where there is none that can be used."""
        if asked.index is None:
            return None
        host, body = self._requests.document(asked.name, f"manifests/{asked.index}")
        for one in understood(host, attestations, body):
            found = self._statement(asked, one.digest) if one.subject == asked.digest else None
            os = (found.os or asked.config.os) if found else None
            if found is not None and os is not None:
                return self._contents(
                    asked, found.format, found.packages, os, read_from="attestation", sources_read=False
                )
        return None

    def _statement(self, asked: _Asked, digest: str) -> Listed | None:
        """Read one attestation; None where it is none of packages, or cannot be read."""
        try:
            host, manifest = self._requests.document(asked.name, f"manifests/{digest}")
            for layer in understood(host, layers, manifest):
                about = layer.annotation("in-toto.io/predicate-type")
                if layer.media_type == INTOTO and about == SPDX and layer.size <= STATEMENT_BYTES:
                    body = self._requests.blob(asked.name, layer.digest, limit=layer.size)
                    return spdx.packages(body, asked.digest)
        except (AccessDenied, RepoError, Unavailable, ValueError) as error:
            LOG.debug("an attestation of %s cannot be used: %s", asked.name.tagged, error)
        return None

    def _layered(self, asked: _Asked, *, sources: bool) -> tuple[ImageContents, bool]:
        """Read from the layers, and say whether another try would find the same."""
        host, manifest = self._requests.document(asked.name, f"manifests/{asked.digest}")
        found = understood(host, layers, manifest)
        walk = self._walk(asked, found, sources=sources)
        if walk.why and not layer_stack.packages_settled(walk.stack):
            nothing = self._contents(asked, None, (), asked.config.os, unreadable=(walk.why,), sources_read=True)
            return nothing, not walk.may_pass
        whole = walk.seen == len(found)
        system = image_system.system(walk.stack.files())
        unreadable = list(system.unreadable)
        if walk.why:
            unreadable.append(f"{walk.why}; where its packages come from is not known")
        if whole:
            odd = filter(image_system.is_database, walk.stack.astray())
            unreadable += [f"{path} is no file that can be read" for path in odd]
        contents = self._contents(
            asked,
            system.format,
            system.packages,
            system.os,
            sources=layer_stack.sources(walk.stack) if whole else (),
            sources_read=whole or bool(walk.why),
            unreadable=tuple(unreadable),
        )
        return contents, not walk.may_pass

    def _walk(self, asked: _Asked, found: tuple[Layer, ...], *, sources: bool) -> _Walk:
        """Walk down the layers until everything that is wanted is settled, or one cannot be read."""
        walk = _Walk(stack=Stack())
        if len(found) > MOST_LAYERS:
            walk.why = f"it has {len(found)} layers; at most {MOST_LAYERS} are read"
            return walk
        left, room, until = MOST_BYTES, MOST_KEPT, time.monotonic() + MOST_SECONDS
        for layer in reversed(found):
            if not sources and _enough(walk.stack, asked.config):
                break
            left, began = left - layer.size, time.monotonic()
            if left < 0:
                walk.why = f"its layers are larger than the {MOST_BYTES // 1024**2} MiB that are read of an image"
                break
            if began > until:
                walk.why, walk.may_pass = f"its layers were not read within {MOST_SECONDS:g} seconds", True
                break
            try:
                files = self._layer(asked.name, layer)
            except ValueError as error:
                walk.why = f"the layer {layer.digest[:19]} cannot be read: {error}"
                walk.may_pass = time.monotonic() - began >= LIMITS.seconds
                break
            except (RepoError, Unavailable) as error:
                if not layer_stack.packages_settled(walk.stack):
                    raise
                walk.why, walk.may_pass = error.message, True
                break
            room -= _held(files)
            if room < 0:
                walk.why = f"the files that matter in its layers are larger than {MOST_KEPT // 1024**2} MiB"
                break
            walk.stack.push(files)
            walk.seen += 1
        return walk

    def _layer(self, name: ImageName, layer: Layer) -> LayerFiles:
        """Give what a layer says, from the shelf or from the registry; raises ValueError where it cannot be read."""
        kept = layer_stack.loads(self._recall(LAYER_KIND, layer.digest))
        if kept is not None:
            return kept
        found: list[LayerFiles] = []

        def reader(chunks: Iterator[bytes]) -> None:
            found.clear()
            found.append(read_layer(chunks, layer.media_type, limits=LIMITS, monotonic=time.monotonic))

        try:
            self._requests.stream(name, layer.digest, reader, limit=layer.size)
        except RepoError as error:
            if layer.is_foreign:
                raise ValueError("it is kept elsewhere than in the registry") from error
            raise
        self._remember(LAYER_KIND, layer.digest, layer_stack.dumps(found[0]), self._clock())
        return found[0]

    def _contents(  # noqa: PLR0913 - the fields that differ by way
        self,
        asked: _Asked,
        kind: PackageFormat | None,
        packages: tuple[Package, ...],
        os: OsRelease | None,
        *,
        sources_read: bool,
        sources: tuple[SystemFile, ...] = (),
        read_from: str = "layers",
        unreadable: tuple[str, ...] = (),
    ) -> ImageContents:
        config = asked.config
        host, manifest = self._requests.document(asked.name, f"manifests/{asked.digest}")
        found = understood(host, layers, manifest)
        named = config.value("PYTHON_VERSION")
        return ImageContents(
            digest=asked.digest,
            platform=asked.platform,
            os=os or config.os,
            format=kind,
            packages=packages,
            python=named if PYTHON.fullmatch(named) else image_system.python_of(packages),
            created=config.created,
            env=config.env,
            user=config.user,
            layers=len(found),
            size=sum(layer.size for layer in found),
            sources=sources,
            sources_read=sources_read,
            read_from=read_from,
            unreadable=unreadable,
        )


def _enough(stack: Stack, config: ImageConfig) -> bool:
    """Say whether no layer below needs to be read for the packages and the operating system."""
    if not layer_stack.packages_settled(stack):
        return False
    system = image_system.system(stack.files())
    return bool(system.packages) and (system.os or config.os) is not None


def _held(files: LayerFiles) -> int:
    """Give about how many bytes of memory a layer's files take."""
    rows = (files.files, files.links, files.hidden, files.opaque, files.directories, files.other)
    return sum(len(file.data) for file in files.files) + NODE_BYTES * sum(map(len, rows))
