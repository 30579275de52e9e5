"""Images of a Dockerfile or Containerfile: where each one is mentioned, and how its digest is set there.

Rules: the Dockerfile reference and BuildKit's `frontend/dockerfile`. Images stand in `# syntax=`, FROM,
`COPY --from`, `RUN --mount=…,from=`, and in the last two behind ONBUILD.
"""

import re
from collections.abc import Iterable

from bot.formats import image_name
from bot.formats.dockerfile_lines import read
from bot.formats.dockerfile_survey import Survey
from bot.model.findings import Unreadable
from bot.model.images import ImageUse, Span

FILE_NAME = re.compile(r"(?:Docker|Container)file.*|.+\.(?:Docker|Container)file|dockerfile|.+\.dockerfile", re.DOTALL)
NOT_ONE = re.compile(r".*(?:\.(?:dockerignore|md|rst|txt|adoc|html|orig|rej|bak|swp)|~)", re.DOTALL)
SOURCE_CODE = re.compile(r"[^.]+\.(?:c|cs|go|java|js|json|kt|php|py|rb|rs|swift|ts|xml|ya?ml)", re.DOTALL)
FILE_STEMS = frozenset({"Dockerfile", "Containerfile"})

LONGEST_FILE = 262_144

SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
HEXADECIMAL = re.compile(r"[0-9a-f]{64}")


def is_dockerfile(path: str) -> bool:
    """Whether a file of this name is a Dockerfile or Containerfile: not its ignore file, notes, backups or code."""
    name = path.rpartition("/")[2]
    stem = name.partition(".")[0]
    code = stem not in FILE_STEMS and SOURCE_CODE.fullmatch(name)
    return bool(FILE_NAME.fullmatch(name)) and not NOT_ONE.fullmatch(name) and not code


def image_uses(path: str, text: str) -> tuple[tuple[ImageUse, ...], tuple[Unreadable, ...]]:
    """Find every image that a Dockerfile mentions, in the order of its lines, and what could not be understood.

    Spans count characters of `text` as it was decoded, a BOM and carriage returns included. `scratch`, stages and
    their numbers are no images. Never raises, whatever the text is. Where digests go: see `dockerfile_survey`.
    """
    if len(text) > LONGEST_FILE:
        why = f"it is longer than {LONGEST_FILE} characters, which no Dockerfile is"
        return (), (Unreadable(path=path, line=0, subject=path, why=why),)
    survey = Survey.of(path, read(text))
    return survey.uses(), tuple(sorted(survey.unreadable, key=lambda row: row.line))


def repin(text: str, edits: Iterable[tuple[ImageUse, str]]) -> str:
    """Set digests (`sha256:…`) in a text from which `image_uses` gave the uses; nothing else changes.

    Raises ValueError where a use cannot be edited, where two digests are wanted at one place, where a digest is
    malformed, or where the text holds something else in the place of a digest than one.
    """
    wanted: dict[Span, str] = {}
    for use, digest in edits:
        if use.digest_span is None:
            raise ValueError(f"{use.path}:{use.line}: {use.reference} cannot be edited: {use.obstacle}")
        if not SHA256.fullmatch(digest):
            raise ValueError(f"{use.path}:{use.line}: {digest!r} is not a digest for {use.reference}")
        if wanted.setdefault(use.digest_span, digest) != digest:
            raise ValueError(f"{use.path}:{use.line}: one place cannot hold two digests for {use.reference}")
    for span in sorted(wanted, key=lambda span: span.start, reverse=True):
        new = digest_text(text[span.start : span.end], wanted[span])
        text = text[: span.start] + new + text[span.end :]
    return text


def digest_text(old: str, digest: str) -> str:
    """Write a digest in the form of what a `digest_span` holds: nothing or `@sha256:…`, `sha256:…`, the bare digits.

    Raises ValueError where `old` is none of them.
    """
    named, at, digits = old.partition("@")
    if not old or (at and not named and image_name.DIGEST.fullmatch(digits)):
        return f"@{digest}"
    if image_name.DIGEST.fullmatch(old):
        return digest
    if HEXADECIMAL.fullmatch(old):
        return digest.partition(":")[2]
    raise ValueError(f"{old!r} is not a digest: the text is not the one that was read")
