import pytest

from bot.formats import dockerfile
from bot.formats.image_name import parse
from bot.model.findings import Unreadable
from bot.model.images import ImageUse, Role, Span

D = "sha256:" + "ab12" * 16
E = "sha256:" + "cd34" * 16
LONG = "sha512:" + "ab12" * 32


def uses_of(text: str) -> tuple[ImageUse, ...]:
    uses, unreadable = dockerfile.image_uses("Dockerfile", text)
    assert not unreadable
    return uses


def refusals_of(text: str) -> list[tuple[int, str, str]]:
    _, unreadable = dockerfile.image_uses("Dockerfile", text)
    return [(row.line, row.subject, row.why) for row in unreadable]


def repinned(text: str, digest: str = E) -> str:
    return dockerfile.repin(text, [(use, digest) for use in uses_of(text)])


@pytest.mark.parametrize(
    "path",
    [
        "Dockerfile",
        "a/b/Dockerfile",
        "Dockerfile.dev",
        "Dockerfile-3.12",
        "Dockerfile.go",
        "web.Dockerfile",
        "Containerfile",
        "Containerfile.prod",
        "x/web.Containerfile",
        "dockerfile",
        "web.dockerfile",
    ],
)
def test_a_dockerfile_is_known_by_its_name(path: str) -> None:
    assert dockerfile.is_dockerfile(path)


@pytest.mark.parametrize(
    "path",
    [
        "Dockerfile/readme",
        "Dockerfile.dockerignore",
        "web.Dockerfile.dockerignore",
        "Dockerfile.md",
        "Dockerfile.orig",
        "Dockerfile~",
        "DockerfileParser.java",
        "Dockerfile_test.go",
        "dockerfile.py",
        "dockerfile-notes",
        "DOCKERFILE",
        "docker-compose.yml",
        ".dockerfile",
        "containerfile",
    ],
)
def test_what_only_speaks_of_dockerfiles_is_none(path: str) -> None:
    assert not dockerfile.is_dockerfile(path)


def test_a_use_says_where_it_is_and_what_it_means() -> None:
    text = "# a comment\nFROM --platform=linux/arm64 \\\n  python:3.12-slim AS web\n"
    end = text.index(" AS")
    assert uses_of(text) == (
        ImageUse(
            path="Dockerfile",
            line=2,
            reference="python:3.12-slim",
            name=parse("python:3.12-slim"),
            platform="linux/arm64",
            digest_span=Span(start=end, end=end),
            tag_at=tuple(range(text.index("3.12"), end)),
            role=Role.BASE,
        ),
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("FROM python:3.12", "FROM python:[3][.][1][2]"),
        ("FROM python", "FROM python"),
        ("FROM python@{D}", "FROM python@{D}"),
        ("FROM python:3@{D}", "FROM python:[3]@{D}"),
        ("FROM localhost:5000/python", "FROM localhost:5000/python"),
        ("FROM localhost:5000/python:3", "FROM localhost:5000/python:[3]"),
        ("ARG V=3\nFROM python:${V}-x", "ARG V=[3]\nFROM python:${V}[-][x]"),
        ("ARG B='python:3'\nFROM $B-x", "ARG B='python:[3]'\nFROM $B[-][x]"),
        ("ARG T=:3\nFROM python$T", "ARG T=:[3]\nFROM python$T"),
        ("ARG B\nFROM python:${B:-3}", "ARG B\nFROM python:${B:-[3]}"),
        ("ARG V=3@{D}\nFROM python:$V", "ARG V=[3]@{D}\nFROM python:$V"),
        ("FROM python:3.\\\n1", "FROM python:[3][.]\\\n[1]"),
        ("\ufeff# syntax=docker/dockerfile:1\r\n", "\ufeff# syntax=docker/dockerfile:[1]\r\n"),
    ],
)
def test_each_character_of_a_tag_knows_its_place(text: str, shown: str) -> None:
    text = text.replace("{D}", D)
    (use,) = uses_of(text)
    marked = "".join(f"[{char}]" if at in use.tag_at else char for at, char in enumerate(text))
    assert marked == shown.replace("{D}", D)


def test_a_use_says_what_the_file_does_with_the_image() -> None:
    text = (
        "# syntax=docker/dockerfile:1\nFROM a\nCOPY --from=b c d\nRUN --mount=from=e,target=/f true\n"
        "ONBUILD COPY --from=g:1 h i\n"
    )
    assert [(use.reference, use.role) for use in uses_of(text)] == [
        ("docker/dockerfile:1", Role.FRONTEND),
        ("a", Role.BASE),
        ("b", Role.COPIED),
        ("e", Role.COPIED),
        ("g:1", Role.COPIED),
    ]


def test_a_digest_that_stands_there_is_covered_with_its_at_sign() -> None:
    text = f"\ufeffFROM python:3.12@{D} AS web\r\n"
    (use,) = uses_of(text)
    assert use.digest_span is not None
    assert text[use.digest_span.start : use.digest_span.end] == f"@{D}"
    assert use.name.digest == D


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM python:3.12\n", "FROM python:3.12@{E}\n"),
        ("FROM python\n", "FROM python@{E}\n"),
        ("FROM python:3.12@{D}\n", "FROM python:3.12@{E}\n"),
        ("FROM python@{LONG}\n", "FROM python@{E}\n"),
        ('FROM "python:3.12"\n', 'FROM "python:3.12@{E}"\n'),
        ("ARG V=3.12\nFROM python:$V-slim\n", "ARG V=3.12\nFROM python:$V-slim@{E}\n"),
        ('ARG V=3.12\nFROM "python:$V"\n', 'ARG V=3.12\nFROM "python:$V@{E}"\n'),
        ("ARG BASE=python:3.12\nFROM $BASE\n", "ARG BASE=python:3.12@{E}\nFROM $BASE\n"),
        ('ARG BASE="python:3.12"\nFROM "${BASE}"\n', 'ARG BASE="python:3.12@{E}"\nFROM "${BASE}"\n'),
        ("ARG B=python@{D}\nFROM ${B:-x}\n", "ARG B=python@{E}\nFROM ${B:-x}\n"),
        ("ARG V=3\nARG B=python:$V\nFROM $B\n", "ARG V=3\nARG B=python:$V@{E}\nFROM $B\n"),
        ("ARG A=python\nARG B=$A\nFROM $B\n", "ARG A=python@{E}\nARG B=$A\nFROM $B\n"),
        ("ARG BASE\nFROM ${BASE:-python:3}\n", "ARG BASE\nFROM ${BASE:-python:3@{E}}\n"),
        ("ARG E=\nFROM ${E:-python}\n", "ARG E=\nFROM ${E:-python@{E}}\n"),
        ("ARG E=x\nFROM ${E:+python}\n", "ARG E=x\nFROM ${E:+python@{E}}\n"),
        ("ARG E=\nFROM ${E+python}\n", "ARG E=\nFROM ${E+python@{E}}\n"),
        ("ARG B=python\nFROM ${B?which}\n", "ARG B=python@{E}\nFROM ${B?which}\n"),
        ("ARG B=python\nFROM $B\nFROM $B\n", "ARG B=python@{E}\nFROM $B\nFROM $B\n"),
        ("ARG B=python\nFROM $B\nFROM $B-x\n", "ARG B=python\nFROM $B@{E}\nFROM $B-x@{E}\n"),
        ("ARG B=one\nFROM $B\nFROM a AS one\nFROM $B\n", "ARG B=one\nFROM $B@{E}\nFROM a@{E} AS one\nFROM $B\n"),
        ("ARG G=@{D}\nFROM python$G\n", "ARG G=@{E}\nFROM python$G\n"),
        ("ARG G={D}\nFROM python@$G\n", "ARG G={E}\nFROM python@$G\n"),
        ("ARG G={D}\nFROM python@$G AS a\nFROM python@$G\n", "ARG G={E}\nFROM python@$G AS a\nFROM python@$G\n"),
        ("ARG H=" + D[7:] + "\nFROM python@sha256:$H\n", "ARG H=" + E[7:] + "\nFROM python@sha256:$H\n"),
        ("# syntax=docker/dockerfile:1\nFROM scratch\n", "# syntax=docker/dockerfile:1@{E}\nFROM scratch\n"),
        ("FROM scratch\nCOPY --from='a' b c\n", "FROM scratch\nCOPY --from='a@{E}' b c\n"),
        ("RUN --mount=from=a,target=/b c\n", "RUN --mount=from=a@{E},target=/b c\n"),
        ("RUN --mount='type=bind,\"from=a\"' c\n", "RUN --mount='type=bind,\"from=a@{E}\"' c\n"),
        ("ONBUILD COPY --from=a:1 b c\n", "ONBUILD COPY --from=a:1@{E} b c\n"),
        ("# escape=`\nFROM python:`3\n", "# escape=`\nFROM python:`3@{E}\n"),
        ("# escape=x\nFROM python:\\3\n", "# escape=x\nFROM python:\\3@{E}\n"),
        ('FROM "python:\\"\\$3\n', None),
    ],
)
def test_a_digest_goes_to_the_place_that_makes_a_right_file(before: str, after: str | None) -> None:
    before = before.replace("{D}", D).replace("{LONG}", LONG)
    if after is None:
        assert refusals_of(before)
        return
    assert repinned(before) == after.replace("{E}", E)
    again = uses_of(repinned(before))
    assert {use.name.digest for use in again} == {E}


@pytest.mark.parametrize(
    ("text", "line", "subject", "why"),
    [
        ("ARG B\nFROM $B\n", 2, "$B", "ARG B has no default"),
        ("FROM $B\n", 1, "$B", "no ARG before the first FROM declares B"),
        ("FROM a\nARG B=c\nFROM $B\n", 3, "$B", "no ARG before the first FROM declares B"),
        ("ARG A\nARG B=x:$A\nFROM $B\n", 3, "$B", "ARG A has no default"),
        ("ARG A\nFROM ${A:?which}\n", 2, "${A:?which}", "ARG A has no default"),
        ("FROM a-$TARGETARCH\n", 1, "a-$TARGETARCH", "depends on the platform"),
        ("FROM ${TARGETARCH:-b}\n", 1, "${TARGETARCH:-b}", "depends on the platform"),
        ("ARG B=\nFROM $B\n", 2, "$B", "stands for nothing"),
        ("ARG B=${C\nFROM $B\n", 2, "$B", "the default of ARG B is malformed: a closing } is missing"),
        ("FROM ${A:-b\n", 1, "${A:-b", "a closing } is missing"),
        ("FROM ${}\n", 1, "${}", "is not understood"),
        ("FROM ${A#b}\n", 1, "${A#b}", "is not understood"),
        ("FROM ${A:=b}\n", 1, "${A:=b}", "is not understood"),
        ("FROM a$\n", 1, "a$", "is not an image reference"),
        ("FROM 'a\n", 1, "'a", "a closing ' is missing"),
        ('FROM "a\n', 1, '"a', 'a closing " is missing'),
        ('FROM "a\\q"\n', 1, '"a\\q"', "is not an image reference"),
        ('FROM "a\\""\n', 1, '"a\\""', "is not an image reference"),
        ("FROM a" + "b" * 5000 + "\n", 1, "a" + "b" * 5000, "longer than 4096 characters"),
        ("FROM " + "${A:-" * 60 + "a" + "}" * 60 + "\n", 1, "${A:-" * 60 + "a" + "}" * 60, "nested too deeply"),
        ("FROM\n", 1, "", "FROM takes an image"),
        ("FROM a b\n", 1, "a b", "FROM takes an image"),
        ("FROM a to b\n", 1, "a to b", "FROM takes an image"),
        ("FROM a AS 1\n", 1, "a AS 1", "FROM takes an image"),
        ("FROM A/b\n", 1, "A/b", "must be lower-case"),
        ("COPY --from=$A b c\n", 1, "$A", "no variable is substituted here"),
        ("COPY --from a b c\n", 1, "--from", "behind an equals sign"),
        ("RUN --mount=from=a:$B c\n", 1, "a:$B", "no variable is substituted here"),
        ("RUN --mount=from=a: c\n", 1, "a:", "its tag is empty"),
        ("ONBUILD FROM a\n", 1, "a", "cannot trigger FROM"),
        ("ONBUILD COPY --from=build b c\n", 1, "build", "may be an image or a stage"),
        ("# syntax=A/B\n", 1, "A/B", "must be lower-case"),
        ("RUN <<EOF\nFROM a\n", 1, "<<EOF", "has no end"),
        ("FROM a\nONBUILD RUN <<A\nFROM a\n", 2, "<<A", "has no end"),
    ],
)
def test_what_cannot_be_known_is_reported_with_its_line_and_never_guessed(
    text: str, line: int, subject: str, why: str
) -> None:
    assert [row[:2] for row in refusals_of(text)] == [(line, subject)]
    assert why in refusals_of(text)[0][2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n# nothing\n",
        "FROM scratch\n",
        "ARG B=scratch\nFROM $B\n",
        "COPY --from=scratch a b\n",
        "COPY --from=0 a b\n",
        "COPY --from= a b\n",
        "COPY -- --from=a b\n",
        "COPY --chown=a b c\n",
        "RUN --mount=type=cache,target=/c true\n",
        "RUN --mount true\n",
        "RUN --mount=,from= true\n",
        "ADD --from=a b c\n",
        "ONBUILD COPY --from=0 a b\n",
        "ONBUILD COPY --from=scratch a b\n",
        "FROM scratch AS build\nONBUILD COPY --from=Build a b\n",
        "FROM scratch AS a-amd64\nFROM a-$TARGETARCH\n",
        "ARG A\nFROM scratch AS a-x-c\nFROM a-${A}-c\n",
        "ARG A B\nFROM scratch AS a-x-c-y\nFROM a-${A}-c${B}\n",
        "FROM scratch AS a\nFROM A$UNDECLARED\n",
        "FROM scratch AS a\nFROM ${TARGETARCH:+a}\n",
        "# check=skip=all\n# nonsense\n",
    ],
)
def test_what_is_no_image_gives_nothing(text: str) -> None:
    assert dockerfile.image_uses("Dockerfile", text) == ((), ())


@pytest.mark.parametrize("reference", ["a-$A-d", "a-x$A-c", "b-$A-c", "$A-$B-x-c", "a-x-c-y$A"])
def test_a_variable_does_not_make_a_stage_of_another_name(reference: str) -> None:
    assert len(refusals_of(f"ARG A B\nFROM scratch AS a-x-c\nFROM {reference.replace('a-x$A', 'a-xx$A')}\n")) == 1


def test_a_file_too_long_for_a_dockerfile_is_reported_as_a_whole() -> None:
    uses, unreadable = dockerfile.image_uses("big/Dockerfile", "#" * 262_145)
    assert not uses
    assert unreadable == (
        Unreadable(
            path="big/Dockerfile",
            line=0,
            subject="big/Dockerfile",
            why="it is longer than 262144 characters, which no Dockerfile is",
        ),
    )


def test_arguments_that_grow_without_end_are_refused() -> None:
    doubling = "".join(f"ARG A{n}=$A{n - 1}$A{n - 1}$A{n - 1}$A{n - 1}\n" for n in range(1, 40))
    ((line, subject, why),) = refusals_of(f"ARG A0=aaaa\n{doubling}FROM $A39\n")
    assert (line, subject) == (41, "$A39")
    assert "longer than 4096 characters" in why


@pytest.mark.parametrize(
    ("text", "obstacle"),
    [
        ("FROM a@sha256:{half}\\\n{half}\n", "put together from several places"),
        ("ARG H={half}{half}{half}{half}\nFROM a@sha512:$H\n", "put together from several places"),
        ("ARG G=sha256:{half}{half}\nFROM a@$G AS x\nFROM b@$G\n", "also serves another image"),
    ],
)
def test_a_digest_that_cannot_be_edited_says_why(text: str, obstacle: str) -> None:
    text = text.replace("{half}", "ab12" * 8)
    uses = uses_of(text)
    assert {use.digest_span for use in uses} == {None}
    assert all(obstacle in use.obstacle for use in uses)
    with pytest.raises(ValueError, match=obstacle):
        dockerfile.repin(text, [(uses[0], E)])


def test_several_digests_are_set_at_once_and_equal_ones_at_one_place_are_one_edit() -> None:
    text = f"ARG B=a\r\nFROM $B\r\nFROM $B\r\nFROM c:1@{D}\r\n"
    one, two, three = uses_of(text)
    new = dockerfile.repin(text, [(three, E), (one, D), (two, D)])
    assert new == f"ARG B=a@{D}\r\nFROM $B\r\nFROM $B\r\nFROM c:1@{E}\r\n"


def test_two_digests_for_one_place_are_refused() -> None:
    text = "ARG B=a\nFROM $B\nFROM $B\n"
    one, two = uses_of(text)
    with pytest.raises(ValueError, match="Dockerfile:3: one place cannot hold two digests for a"):
        dockerfile.repin(text, [(one, D), (two, E)])


def test_something_that_is_no_digest_is_never_written() -> None:
    text = "FROM a\n"
    with pytest.raises(ValueError, match="'latest' is not a digest for a"):
        dockerfile.repin(text, [(uses_of(text)[0], "latest")])


def test_a_text_that_holds_something_else_there_is_not_edited() -> None:
    (use,) = uses_of(f"FROM a@{D}\n")
    with pytest.raises(ValueError, match="is not a digest: the text is not the one that was read"):
        dockerfile.repin("FROM b:with-another-tag-and-more-and-more-and-more-and-more-and-more-text\n", [(use, E)])
    with pytest.raises(ValueError, match="is not a digest"):
        dockerfile.repin("FROM a" + "@" * 100, [(use, E)])
