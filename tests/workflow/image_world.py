"""What stories of base images begin with: a repository between two quarters, and what is inside its images."""

from datetime import timedelta
from typing import Any

from bot.decide.plan import Wish
from bot.model.contents import ImageContents, SourceMove, Told, Waiting
from bot.model.proposal import Proposal
from tests.builders import a_package, an_advisory, some_contents
from tests.world import World, a_world

OLD, NEW, THIRD = (f"sha256:{digit * 64}" for digit in "123")
MOVE = SourceMove(source="openssl", old="3.0.11-1", new="3.0.13-1")
FIX = Told(security=True, ids=("CVE-2026-1",), changelog=True)
DULL = Told(security=False, ids=(), changelog=True)
WAITS = Waiting(
    package="libssl3", source="openssl", current="3.0.13-1", available="3.0.13-2", current_source="3.0.13-1",
    available_source="3.0.13-2", security=True,
)  # fmt: skip
SLIM = "python:3.12-slim"
SECURITY = "quarterdeck/security"
QUARTERLY = "quarterdeck/quarterly-2026q4"
IMAGES = Wish(only="images")
HOUR = timedelta(hours=1)


def inside(digit: str, version: str = "3.0.13-1", **fields: Any) -> dict[str, ImageContents]:
    digest = f"sha256:{digit * 64}"
    return {digest: some_contents(digest, packages=(a_package(version=version),), **fields)}


def between_quarters(told: Told = FIX) -> World:
    """Give a repository whose quarter is done, and whose image moved to one that another openssl is in."""
    world = a_world()
    world.done = ("2026q4",)
    world.insides = {**inside("1", "3.0.11-1"), **inside("2"), **inside("3")}
    world.told_of = {MOVE: told}
    world.flaws = {"CVE-2026-1": an_advisory(url="https://www.cve.org/CVERecord?id=CVE-2026-1")}
    return world


def dockerfile(world: World, text: str) -> World:
    world.files["Dockerfile"] = text.encode()
    return world


def only_proposal(world: World) -> Proposal:
    (proposal,) = world.proposals
    return proposal


def findings(world: World, kind: str) -> list[str]:
    rows = world.documents[-1]["findings"]
    assert isinstance(rows, list)
    return [row["why"] for row in rows if row["kind"] == kind]
