from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.formats import dockerfile
from bot.model.images import Span

D = "sha256:" + "ab12" * 16
DIGESTS = st.integers(0, 15).map(lambda number: "sha256:" + f"{number:x}" * 64)

TOKENS = st.sampled_from(
    [
        *("FROM ", "ARG ", "RUN ", "COPY ", "ONBUILD ", "# ", "syntax=", "escape=`", "--from=", "--mount=from=", ","),
        *("\\\n", "`\n", "\r\n", "\n", " ", "\t", "<<EOF", "\nEOF\n", "<<-E", "'", '"', "\\", "\ufeff", "\0", "\1"),
        *("$", "${", "}", ":-", ":+", "B", "B=", "$B", "${B}", "python", ":3", "@", f"@{D}", " AS ", "[", "]", "{"),
    ]
)
NAMES = st.sampled_from(["A", "B", "C", "TARGETARCH"])
IMAGES = st.sampled_from(["python:3.12", "ghcr.io/a/b:1", f"alpine:3@{D}", "one", "two", "scratch", "python"])
PARTS = st.one_of(
    IMAGES,
    st.sampled_from(["-slim", ":3", "@", D, f"@{D}", ""]),
    NAMES.map(lambda name: f"${name}"),
    NAMES.map("${{{}}}".format),
    st.builds("${{{}{}{}}}".format, NAMES, st.sampled_from([":-", ":+", "-", "+"]), IMAGES | NAMES.map("${}".format)),
)
WORDS = st.one_of(IMAGES, PARTS, st.lists(PARTS, max_size=3).map("".join))
QUOTED = st.tuples(st.sampled_from(["", "", '"', "'"]), WORDS).map(lambda pair: pair[0] + pair[1] + pair[0])
LINES = st.one_of(
    st.tuples(NAMES, QUOTED).map("ARG {0[0]}={0[1]}".format),
    NAMES.map("ARG {}".format),
    QUOTED.map("FROM {}".format),
    QUOTED.map("FROM --platform=linux/amd64 {} AS one".format),
    QUOTED.map("from \\\n  # comment\n  {} \\\n as two".format),
    IMAGES.map("COPY --from={} a b".format),
    IMAGES.map('RUN --mount=type=bind,"from={}",target=/x true'.format),
    IMAGES.map("RUN <<EOF\nFROM {}\nEOF".format),
    IMAGES.map("ONBUILD COPY --from={} a b".format),
)
FILES = st.builds(
    lambda start, args, lines, end: start + end.join([*args, *lines]).replace("\n", end),
    st.sampled_from(["", "\ufeff", "# syntax=docker/dockerfile:1\n", f"\ufeff# syntax=docker/dockerfile@{D}\n"]),
    st.lists(st.tuples(NAMES, QUOTED).map("ARG {0[0]}={0[1]}".format), max_size=4),
    st.lists(LINES, max_size=8),
    st.sampled_from(["\n", "\r\n"]),
)


@given(st.text() | st.lists(TOKENS, max_size=40).map("".join))
@example("\\")
@example("FROM " + "${A:-" * 3000)
@example("RUN <<E " + '"${A:-' * 3000)
@settings(max_examples=400)
def test_any_text_can_be_read_and_every_span_lies_in_it(text: str) -> None:
    uses, unreadable = dockerfile.image_uses("Dockerfile", text)
    for use in uses:
        assert 1 <= use.line <= text.count("\n") + 1
        assert use.digest_span is None or 0 <= use.digest_span.start <= use.digest_span.end <= len(text)
        assert (use.digest_span is None) == bool(use.obstacle)
        assert not use.tag_at or "".join(text[at] for at in use.tag_at) == use.name.tag
    assert all(row.why and row.line >= 1 for row in unreadable)


@given(FILES, st.data())
@settings(max_examples=400)
def test_after_repinning_the_same_images_are_read_with_the_new_digests(text: str, data: st.DataObject) -> None:
    uses, unreadable = dockerfile.image_uses("Dockerfile", text)
    chosen: dict[Span, str] = {use.digest_span: data.draw(DIGESTS) for use in uses if use.digest_span}
    edits = [(use, chosen[use.digest_span]) for use in uses if use.digest_span]
    assert [use.name.tag for use in uses if use.tag_at] == [
        "".join(map(text.__getitem__, use.tag_at)) for use in uses if use.tag_at
    ]
    assert {use.name.tag for use in uses if not use.tag_at} <= {None, "latest"}
    new = dockerfile.repin(text, edits)
    again, unreadable_again = dockerfile.image_uses("Dockerfile", new)
    assert [use.reference.partition("@")[0] for use in again] == [use.reference.partition("@")[0] for use in uses]
    assert [(use.line, use.platform, use.obstacle) for use in again] == [
        (use.line, use.platform, use.obstacle) for use in uses
    ]
    assert [use.name.digest for use in again if use.digest_span] == [digest for _, digest in edits]
    assert [(row.line, row.subject) for row in unreadable_again] == [(row.line, row.subject) for row in unreadable]
    assert (
        dockerfile.repin(new, [(use, use.name.digest) for use in again if use.digest_span and use.name.digest]) == new
    )


@given(FILES)
def test_setting_the_digests_that_stand_there_changes_nothing(text: str) -> None:
    uses, _ = dockerfile.image_uses("Dockerfile", text)
    standing = [(use, use.name.digest) for use in uses if use.digest_span and use.name.digest]
    assert dockerfile.repin(text, standing) == text
