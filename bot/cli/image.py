"""`image inspect` and `image diff`: what is inside images, useful without any repository."""

import json
import sys
from typing import TYPE_CHECKING

import click

from bot.cli.options import Common, common_options
from bot.cli.work import moment_of
from bot.errors import ConfigError
from bot.system.redaction import redacted_values

if TYPE_CHECKING:
    from bot.model.images import ImageName

PLATFORM = click.option(
    "--platform", metavar="OS/ARCH", help="The platform to look at; without it, the first of the policy (linux/amd64)."
)
NOW = click.option("--now", metavar="ISO8601", help="A time to judge ends of life and archives at, instead of now.")


@click.group()
@common_options
@click.pass_context
def image(ctx: click.Context, common: Common) -> None:
    """Look inside images: packages, what changed, what waits in the archive. Needs no repository and no forge."""
    ctx.obj = common


@image.command()
@click.argument("ref")
@PLATFORM
@NOW
@common_options
def inspect(ref: str, platform: str | None, now: str | None, common: Common) -> None:
    """Tell what is inside REF: its OS, Python, packages, waiting security updates, and how long it is supported."""
    from bot.cli.setting import ordered  # noqa: PLC0415 - keeps --help light
    from bot.decide import image_document  # noqa: PLC0415
    from bot.wiring.images import open_images  # noqa: PLC0415
    from bot.workflow.inside import Insides  # noqa: PLC0415

    with open_images(ordered(common, moment_of(now), rehearsal=True)[1]) as house:
        wanted = _platform(platform) if platform is not None else house.settings.policy.platforms[0]
        with house.order.progress.step(ref, "looking inside"):
            name = _name(ref)
            digest = name.digest or house.registry.look(name).digest
            seen = Insides(house.glass, house.clock()).inspection(name, digest, wanted)
    document = image_document.inspected(ref, digest, seen)
    if common.json:
        return _show(document)
    from bot.cli import render_image  # noqa: PLC0415 - machines need no tables

    return render_image.inspected(document)


@image.command()
@click.argument("old")
@click.argument("new")
@PLATFORM
@NOW
@common_options
def diff(old: str, new: str, platform: str | None, now: str | None, common: Common) -> None:
    """Tell what changed from OLD to NEW: packages by source, why each changed, advisories, OS release, Python.

    OLD and NEW are references (`python:3.12-slim`, `ghcr.io/acme/web@sha256:…`); a NEW that is only a digest or a tag
    (`@sha256:…`, `:3.13-slim`) is one of the same repository.
    """
    from bot.cli.setting import ordered  # noqa: PLC0415 - keeps --help light
    from bot.decide import image_document  # noqa: PLC0415
    from bot.wiring.images import open_images  # noqa: PLC0415
    from bot.workflow.inside import Insides  # noqa: PLC0415

    with open_images(ordered(common, moment_of(now), rehearsal=True)[1]) as house:
        wanted = _platform(platform) if platform is not None else house.settings.policy.platforms[0]
        with house.order.progress.step(f"{old} → {new}", "looking inside"):
            whole = _beside(old, new)
            one, other = _name(old), _name(whole)
            digests = [name.digest or house.registry.look(name).digest for name in (one, other)]
            found = Insides(house.glass, house.clock()).difference(one, digests[0], digests[1], wanted, newer=other)
    document = image_document.compared((old, digests[0]), (whole, digests[1]), found)
    if common.json:
        return _show(document)
    from bot.cli import render_image  # noqa: PLC0415 - machines need no tables

    return render_image.compared(document)


def _platform(text: str) -> str:
    """Read a platform as people write it; raises ConfigError where it is none."""
    from bot.settings import texts  # noqa: PLC0415 - keeps --help light

    try:
        return texts.platform(text.lower())
    except ValueError as error:
        raise ConfigError(f"--platform: {error}", hint="") from error


def _name(ref: str) -> "ImageName":
    from bot.formats import image_name  # noqa: PLC0415 - keeps --help light

    if ref == "scratch":
        raise ConfigError("scratch is no image: it is the empty beginning of one", hint="name an image of a registry")
    try:
        return image_name.parse(ref)
    except ValueError as error:
        raise ConfigError(str(error), hint="write it like python:3.12-slim or ghcr.io/acme/web@sha256:…") from error


def _beside(old: str, new: str) -> str:
    """Complete a bare `@digest` or `:tag` with the repository of the other reference."""
    if not new.startswith(("@", ":")):
        return new
    named = old.partition("@")[0]
    head, _, last = named.rpartition("/")
    base = f"{head}/{last.partition(':')[0]}" if head else last.partition(":")[0]
    return f"{base}{new}"


def _show(document: dict[str, object]) -> None:
    json.dump(redacted_values(document), sys.stdout, indent=2)
    sys.stdout.write("\n")
