"""What moves together in one file moves together or not at all."""

from dataclasses import replace

from bot.model.images import ImageUse
from bot.model.observed import Difference, Target
from bot.model.packages import OsRelease
from bot.model.plan import Repin, Retag, Stamp
from bot.workflow import image_texts
from tests.builders import NEW, OLD, a_diff, some_contents

TWO = "ARG VERSION=3.12.1\nFROM python:${VERSION}-slim AS build\nFROM python:${VERSION}\n"
RELEASE = a_diff(new=some_contents(NEW, os=OsRelease(id="debian", version="13")))


def uses(text: str) -> tuple[ImageUse, ...]:
    return image_texts.read("Dockerfile", text)[0]


def refused(text: str, *tags: str | None, apart: bool = False) -> dict[str, str]:
    found = uses(text)
    wanted = {use: Target(digest=NEW, tag=tag) for use, tag in zip(found, tags, strict=True) if tag}
    if apart:
        wanted[found[0]] = replace(wanted[found[0]], differences=(Difference(diff=RELEASE),))
    said = image_texts.refusals(wanted, found, {"Dockerfile": text})
    return {use.reference: why for use, why in said.items()}


def test_mentions_that_share_an_argument_move_together() -> None:
    assert refused(TWO, "3.12.9-slim", "3.12.9") == {}
    actions = [
        Retag(use=use, tag=tag, digest=NEW) for use, tag in zip(uses(TWO), ("3.12.9-slim", "3.12.9"), strict=True)
    ]
    text = image_texts.edited("Dockerfile", TWO, actions)
    assert text.startswith("ARG VERSION=3.12.9\n")
    assert [use.name.tag for use in uses(text)] == ["3.12.9-slim", "3.12.9"]


def test_where_one_cannot_go_none_of_them_does() -> None:
    assert set(refused(TWO, "3.12.9-slim", None)) == {"python:3.12.1-slim"}
    assert set(refused(TWO, "3.12.9-slim", "3.12.8")) == {"python:3.12.1-slim", "python:3.12.1"}
    assert "takes its tag from the same place" in refused(TWO, "3.12.9-slim", None)["python:3.12.1-slim"]
    assert set(refused(TWO, "3.12.9-slim", "3.12.9", apart=True)) == {"python:3.12.1-slim", "python:3.12.1"}


def test_a_tag_that_stands_in_the_line_moves_by_itself() -> None:
    assert refused("FROM python:3.12.1\nFROM python:3.12.1-slim\n", "3.12.9", None) == {}


def test_a_tag_from_several_places_is_refused_with_the_reason() -> None:
    text = "ARG A=3.1\nARG B=2.1\nFROM python:${A}${B}\n"
    assert "python:3.12.1" in refused(text, "3.20.1")


def test_digests_tags_and_stamps_are_written_together_stage_by_stage() -> None:
    text = (
        "FROM python:3.12.1 AS a\nRUN apt-get -y upgrade\nFROM redis:7\nRUN true\nFROM a\nRUN apt-get -y dist-upgrade\n"
    )
    one, two = uses(text)
    stamps = [Stamp(use=one, line=line, manager="apt", value="2026-11-24.aa") for line in (2, 6)]
    layer = Stamp(use=two, line=3, manager="apt", value="2026-11-24.bb", insert=True)
    new = image_texts.edited("Dockerfile", text, [Retag(use=one, tag="3.12.9", digest=None), Repin(use=two, digest=OLD),
                                                  *stamps, layer])  # fmt: skip
    assert new == (
        "FROM python:3.12.9 AS a\nARG QUARTERDECK_STAMP=2026-11-24.aa\nRUN apt-get -y upgrade\n"
        f"FROM redis:7@{OLD}\nARG QUARTERDECK_STAMP=2026-11-24.bb\n"
        "RUN apt-get update && apt-get -y upgrade && rm -rf /var/lib/apt/lists/*\nRUN true\n"
        "FROM a\nARG QUARTERDECK_STAMP=2026-11-24.aa\nRUN apt-get -y dist-upgrade\n"
    )
