import re
from pathlib import Path

import dockerfile as buildkit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formats import dockerfile, image_edits
from bot.formats.image_edits import Edit
from bot.model.images import ImageUse

CORPUS = sorted((Path(__file__).parent / "dockerfiles").glob("*.df"))
D = "sha256:" + "ab12" * 16
E = "sha256:" + "cd34" * 16
read = dockerfile.image_uses


def uses_of(text: str) -> tuple[ImageUse, ...]:
    uses, unreadable = read("Dockerfile", text)
    assert not unreadable
    return uses


def applied(text: str, *edits: Edit) -> str:
    return image_edits.apply("Dockerfile", text, edits, read)


def retagged(text: str, tag: str, digest: str | None = None) -> str:
    """Set the tag (and the digest) of the first image."""
    return applied(text, Edit(use=uses_of(text)[0], tag=tag, digest=digest))


@pytest.mark.parametrize(
    ("before", "tag", "after"),
    [
        ("FROM python:3.12.1\n", "3.12.9", "FROM python:3.12.9\n"),
        ("FROM python:3.12.1\n", "3.12.10", "FROM python:3.12.10\n"),
        ("FROM python:3.12.10\n", "3.12.1", "FROM python:3.12.1\n"),
        ("FROM python:3.9\n", "3.12", "FROM python:3.12\n"),
        ("ARG V=12\nFROM python:3.$V\n", "3.2", "ARG V=2\nFROM python:3.$V\n"),
        ("FROM python:3.12-slim AS web\n", "3.12.9-slim-bookworm", "FROM python:3.12.9-slim-bookworm AS web\n"),
        ("FROM python:3.12.9-slim\n", "3.12", "FROM python:3.12\n"),
        ("FROM python:slim\n", "3.12-slim", "FROM python:3.12-slim\n"),
        ("FROM python:3..1\n", "3.2.1", "FROM python:3.2.1\n"),
        ("FROM localhost:5000/python:3\n", "4", "FROM localhost:5000/python:4\n"),
        ("ARG V=3.12.1\nFROM python:${V}-slim-bookworm\n", "3.12.9-slim-bookworm", "ARG V=3.12.9\nFROM python:${V}-slim-bookworm\n"),
        ("ARG V=3.12\nFROM python:${V}-slim\n", "3.12.9-slim", "ARG V=3.12.9\nFROM python:${V}-slim\n"),
        ("ARG V=12\nFROM python:3.${V}\n", "3.13", "ARG V=13\nFROM python:3.${V}\n"),
        ("ARG V=311\nFROM python:py${V}-x\n", "py312-x", "ARG V=312\nFROM python:py${V}-x\n"),
        ("ARG V=3.12.1\nARG OS=bookworm\nFROM python:$V-slim-$OS\n", "3.12.9-slim-trixie", "ARG V=3.12.9\nARG OS=trixie\nFROM python:$V-slim-$OS\n"),
        ("ARG A=3.12\nARG B=1\nFROM python:$A.$B\n", "3.13.0", "ARG A=3.13\nARG B=0\nFROM python:$A.$B\n"),
        ("ARG V=3.12\nFROM ${B:-python:$V}\n", "3.13", "ARG V=3.13\nFROM ${B:-python:$V}\n"),
        ("ARG B=python:3.12\nFROM $B\n", "3.13", "ARG B=python:3.13\nFROM $B\n"),
        ("ARG B='python:3.12'\nARG C=${B}-slim\nFROM $C\n", "3.13-slim", "ARG B='python:3.13'\nARG C=${B}-slim\nFROM $C\n"),
        ("FROM \\\r\n  python:3.1\\\r\n2\r\n", "3.12-slim", "FROM \\\r\n  python:3.1\\\r\n2-slim\r\n"),
        ("\ufeffFROM python:3.12\n", "3.13", "\ufeffFROM python:3.13\n"),
        ("# syntax=docker/dockerfile:1.7\nFROM scratch\n", "1.9", "# syntax=docker/dockerfile:1.9\nFROM scratch\n"),
        ("FROM scratch\nCOPY --from=a:1 b c\n", "2", "FROM scratch\nCOPY --from=a:2 b c\n"),
        ("RUN --mount=from=a:1,target=/x true\n", "2", "RUN --mount=from=a:2,target=/x true\n"),
        ("ONBUILD COPY --from=a:1 b c\n", "2", "ONBUILD COPY --from=a:2 b c\n"),
    ],
)  # fmt: skip
def test_a_tag_moves_where_it_stands_and_its_digest_with_it(before: str, tag: str, after: str) -> None:
    assert retagged(before, tag) == after
    assert image_edits.can_retag(before, uses_of(before)[0], tag, uses_of(before), read) == ""
    pinned = applied(before, Edit(use=uses_of(before)[0], digest=D))
    both = retagged(pinned, tag, E)
    assert both.replace(f"@{E}", "") == after
    assert uses_of(both)[0].name.digest == E
    assert retagged(before, tag, E) == both


def test_an_argument_and_a_digest_elsewhere_move_together() -> None:
    text = f"ARG PYTHON_VERSION=3.12.1\nFROM python:${{PYTHON_VERSION}}-slim-bookworm@{D}\n"
    assert retagged(text, "3.12.9-slim-bookworm", E) == (
        f"ARG PYTHON_VERSION=3.12.9\nFROM python:${{PYTHON_VERSION}}-slim-bookworm@{E}\n"
    )


@pytest.mark.parametrize(
    ("text", "tag", "why"),
    [
        ("ARG B=python\nFROM $B\n", "3.13", "Dockerfile:2: python has no tag in this file that could be moved"),
        ("FROM python@{D}\n", "3.13", "has no tag in this file"),
        ("FROM python:3.12\n", "3 13", "'3 13' is not a tag for python:3.12"),
        ("ARG A=1\nFROM python:3.1$A\n", "3.29", "cannot get the tag 3.29: the part '11' of its tag is put together"),
        ("ARG A=1\nFROM python:3.${A}2\n", "3.22", "the part '12' of its tag is put together from several places"),
        ("FROM python:3.1\\\n2\n", "3.13", "the part '12' of its tag is put together from several places"),
        ("ARG V=1\nFROM python:$V.$V\n", "1.2", "Dockerfile:2: python:1.1 would become python:2.2 and not python:1.2"),
        ("ARG V=1\nFROM python:$V.$V\n", "2.3", "line 1: one place cannot hold both '2' and '3'"),
        ("ARG V=1\nFROM a:$V\nFROM b:$V\n", "2", "Dockerfile:2: b:1 in line 3 would become 2 too"),
        ("ARG V=1\nFROM a:$V\nFROM a:$V-slim\n", "2", "a:1-slim in line 3 would become 2-slim too"),
        ("ARG V=1\nFROM a:$V\nFROM b$V:3\n", "2", "Dockerfile:3: b1:3 would become b2:3 and not b1:3"),
        ("ARG V=a\nFROM x:$V\nFROM scratch AS a\nFROM $V\n", "b", "Dockerfile: the edit would make 2 images of 1"),
        ("ARG V=arm64\nFROM x:$V\nFROM --platform=$V y:1\n", "amd64", "would change more of y:1 than its tag"),
        ("ARG G=sha256:{half}{half}\nFROM a:1@$G AS x\nFROM b@$G\n", "2", "the place of its digest also serves another image"),
    ],
)  # fmt: skip
def test_a_tag_that_cannot_move_alone_says_why(text: str, tag: str, why: str) -> None:
    text = text.replace("{D}", D).replace("{half}", "ab12" * 8)
    uses = uses_of(text)
    assert why in image_edits.can_retag(text, uses[0], tag, uses, read)
    with pytest.raises(ValueError, match=r"Dockerfile|line 1"):
        applied(text, Edit(use=uses[0], tag=tag))


def test_an_argument_that_serves_another_image_is_named() -> None:
    text = "ARG V=1\nFROM a:$V\nFROM b:$V\n"
    with pytest.raises(ValueError, match="Dockerfile:3: b:1 would become b:2 too"):
        retagged(text, "2")


def test_what_could_not_be_understood_must_stay_as_it_was() -> None:
    text = "ARG V=1\nFROM a:$V\nFROM A$V\n"
    (use,), unreadable = read("Dockerfile", text)
    assert len(unreadable) == 1
    with pytest.raises(ValueError, match="Dockerfile: the edit would change how something else in the file is read"):
        applied(text, Edit(use=use, tag="2"))


def test_the_same_image_mentioned_twice_moves_along() -> None:
    text = "ARG V=3.12.1\nFROM python:$V AS one\nFROM scratch\nFROM python:$V\n"
    one, two = uses_of(text)
    assert image_edits.companions(text, one, "3.12.9", read) == (
        Edit(use=one, tag="3.12.9"),
        Edit(use=two, tag="3.12.9"),
    )
    assert image_edits.can_retag(text, one, "3.12.9", (one, two), read) == ""
    assert image_edits.can_retag(text, one, "3.12.9", (one,), read).endswith(
        "python:3.12.1 in line 4 would become 3.12.9 too"
    )
    assert applied(text, Edit(use=one, tag="3.12.9"), Edit(use=two, tag="3.12.9")) == text.replace("3.12.1", "3.12.9")


def test_images_that_share_an_argument_can_move_together() -> None:
    text = "ARG V=3.12.1\nFROM python:$V\nFROM python:$V-slim\nFROM python:3.12.1\n"
    one, slim, apart = uses_of(text)
    edits = image_edits.companions(text, one, "3.13.0", read)
    assert edits == (Edit(use=one, tag="3.13.0"), Edit(use=slim, tag="3.13.0-slim"))
    assert applied(text, *edits, Edit(use=apart, digest=D)) == (
        f"ARG V=3.13.0\nFROM python:$V\nFROM python:$V-slim\nFROM python:3.12.1@{D}\n"
    )
    with pytest.raises(ValueError, match="line 1: one place cannot hold both"):
        applied(text, Edit(use=one, tag="3.13.0"), Edit(use=slim, tag="3.14.0-slim"))
    with pytest.raises(ValueError, match="would become"):
        applied(text, Edit(use=one, tag="3.13.1"), Edit(use=slim, tag="3.12.9-slim"))


def test_edits_of_several_images_do_not_disturb_each_other() -> None:
    text = f"FROM a:1@{D} AS x\nFROM b:2\nFROM c:3\nCOPY --from=d:4 e f\n"
    a, b, c, d = uses_of(text)
    edits = [Edit(use=d, tag="4.1"), Edit(use=a, tag="10"), Edit(use=c), Edit(use=b, digest=E), Edit(use=a, digest=E)]
    assert applied(text, *edits) == f"FROM a:10@{E} AS x\nFROM b:2@{E}\nFROM c:3\nCOPY --from=d:4.1 e f\n"
    assert applied(text, *reversed(edits)) == applied(text, *edits) == applied(text, *edits, *edits)
    assert applied(text) == text


def test_two_edits_of_one_image_must_agree() -> None:
    text = "FROM a:1\n"
    (use,) = uses_of(text)
    with pytest.raises(ValueError, match="Dockerfile:1: two edits want different things of a:1"):
        applied(text, Edit(use=use, digest=D), Edit(use=use, digest=E))
    with pytest.raises(ValueError, match="two edits want different things"):
        applied(text, Edit(use=use, tag="2", digest=D), Edit(use=use, tag="3"))


def test_two_edits_of_the_same_characters_are_refused() -> None:
    text = "ARG V=1a2\nFROM x:$V\nFROM x:${V}b\n"
    one, two = uses_of(text)
    with pytest.raises(ValueError, match="line 1: two edits change the same characters"):
        applied(text, Edit(use=one, tag="9z9"), Edit(use=two, tag="1z9b"))


def test_a_digest_needs_a_place_and_must_be_one() -> None:
    text = f"FROM a@sha256:{'ab12' * 8}\\\n{'ab12' * 8}\n"
    with pytest.raises(ValueError, match="cannot be edited: its digest is put together from several places"):
        applied(text, Edit(use=uses_of(text)[0], digest=E))
    with pytest.raises(ValueError, match="Dockerfile:1: 'latest' is not a digest for a:1"):
        applied("FROM a:1\n", Edit(use=uses_of("FROM a:1\n")[0], digest="latest"))


def test_a_text_that_is_not_the_one_that_was_read_is_not_edited() -> None:
    (use,) = uses_of("FROM a:1\n")
    with pytest.raises(
        ValueError, match="Dockerfile: a:1 in line 1 is not there: the text is not the one that was read"
    ):
        applied("FROM b:1\n", Edit(use=use, tag="2"))


def test_the_tag_that_stands_there_is_no_edit() -> None:
    text = "FROM a\nFROM b:1\n"
    a, b = uses_of(text)
    assert applied(text, Edit(use=a, tag="latest"), Edit(use=b, tag="1")) == text
    assert applied(text, Edit(use=a, tag="latest", digest=D)) == f"FROM a@{D}\nFROM b:1\n"


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_in_the_corpus_every_tag_moves_or_the_reason_is_given_and_buildkit_agrees(path: Path) -> None:
    text = path.read_bytes().decode()
    uses, _ = read(path.name, text)
    for use in uses:
        tag = f"{use.name.tag}-moved"
        why = image_edits.can_retag(text, use, tag, uses, read)
        if why:
            assert not use.tag_at or "too" in why or "serves a stage" in why
            continue
        new = image_edits.apply(path.name, text, image_edits.companions(text, use, tag, read), read)
        assert new.replace("-moved", "", 1) == text
        assert skeleton(new) == skeleton(text)


def skeleton(text: str) -> list[tuple[int, str]]:
    return [(row.start_line, row.cmd) for row in buildkit.parse_string(text)]


TAGS = st.sampled_from(["3.12.1", "3.12.10", "3.9", "3", "3.12.1-slim", "3.12.1-slim-trixie", "a_b", "3.1a", "latest2"])
VALUES = st.sampled_from(["3.12.1", "3", "12", "slim", "trixie", "latest", "amd64", "python:3.12"])
WORDS = st.one_of(
    TAGS.map("python:{}".format),
    st.sampled_from(
        ["python:$A", "python:${A}-slim", "$B", "python:$A.$B", "${C:-python:3}", "x:$A-$B-$C", "$A", "y$A:1"]
    ),
)
FILES = st.builds(
    lambda args, lines, end: end.join([*args, *lines, ""]),
    st.lists(st.tuples(st.sampled_from("ABC"), VALUES).map("ARG {0[0]}={0[1]}".format), max_size=4),
    st.lists(st.tuples(WORDS, st.sampled_from(["", f"@{D}", " AS one", " AS latest"])).map("FROM {0[0]}{0[1]}".format), max_size=5),
    st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip


@given(FILES, st.data())
@settings(max_examples=400)
def test_an_edit_gives_what_was_wanted_or_is_refused_and_can_be_taken_back(text: str, data: st.DataObject) -> None:
    uses, unreadable = read("Dockerfile", text)
    wanted = {use: data.draw(TAGS) for use in uses if data.draw(st.booleans())}
    try:
        new = applied(text, *(Edit(use=use, tag=tag, digest=E) for use, tag in wanted.items()))
    except ValueError as error:
        assert re.match("Dockerfile|line [0-9]", str(error))  # noqa: PT017 - most files refuse some edit
        return
    again, unreadable_again = read("Dockerfile", new)
    assert unreadable_again == unreadable
    assert [(use.name.tag, use.name.digest) for use in again] == [
        (wanted[use], E) if use in wanted else (use.name.tag, use.name.digest) for use in uses
    ]
    if all(separators(use.name.tag) == separators(tag) for use, tag in wanted.items()):
        tags = [Edit(use=now, tag=was.name.tag) for was, now in zip(uses, again, strict=True) if was in wanted]
        assert re.sub(f"@({D}|{E})", "", applied(new, *tags)) == re.sub(f"@{D}", "", text)


def separators(tag: str | None) -> list[str]:
    return re.findall("[-._]", tag or "")
