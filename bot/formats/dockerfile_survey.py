"""Walks through a Dockerfile's instructions and gathers images, with the place of each one's digest.

A digest goes into the ARG's default or the `:-` default where FROM is one variable (`FROM ${BASE}`), so that a build
that passes its own base is not tied to our digest; else to the end of the word (`python:${V}-slim@sha256:…`). It goes
there also where that default is a part of something else, which a digest inside would break. A digest that an ARG of
its own holds (`FROM python:3.12@${DIGEST}`) is replaced in that ARG.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bot.formats import image_name
from bot.formats.dockerfile_arguments import Scope, Value
from bot.formats.dockerfile_lines import Instruction, Reading, instruction
from bot.formats.dockerfile_words import Traced, assignments, flag_values, flags, mount_fields
from bot.model.findings import Unreadable
from bot.model.images import ImageUse, Role, Span

STAGE_NAME = re.compile(r"[a-z][a-z0-9._-]*", re.IGNORECASE)
NUMBER = re.compile(r"[+-]?[0-9]+")
ONE_WORD = re.compile(r"[a-z0-9._-]+", re.IGNORECASE)
NO_IMAGE = "scratch"
WITH_STAGE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mention:
    """One image as it was found; `fallback` is where its digest goes when it cannot go to the value's own end."""

    use: ImageUse
    value: Value
    fallback: int


@dataclass(slots=True, kw_only=True)
class Survey:
    """Walks through the instructions and gathers images.

    `stages` are all stages of the file, `earlier` those that FROM can name; `parts` are places where a digest
    would change something besides the image that it is meant for.
    """

    path: str
    scope: Scope
    stages: frozenset[str]
    earlier: set[str] = field(default_factory=set)
    began: bool = False
    parts: set[int] = field(default_factory=set)
    mentions: list[_Mention] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    @classmethod
    def of(cls, path: str, reading: Reading) -> "Survey":
        """Walk through a whole file."""
        survey = cls(path=path, scope=Scope(escape=reading.escape), stages=_stage_names(reading.instructions))
        if reading.syntax:
            survey.mention(*reading.syntax, Role.FRONTEND)
        for step in reading.instructions:
            survey.take(step)
        for line, name in reading.unfinished:
            survey.refuse(line, f"<<{name}", "this here-document has no end, so everything behind it is a part of it")
        return survey

    def refuse(self, line: int, subject: str, why: str) -> None:
        """Say that something could not be understood."""
        self.unreadable.append(Unreadable(path=self.path, line=line, subject=subject, why=why))

    def take(self, step: Instruction) -> None:
        """Take one instruction."""
        if step.keyword == "ARG" and not self.began:
            for name, default in assignments(step.body, self.scope.escape):
                self.scope.declare(name, default)
        elif step.keyword == "FROM":
            self.began = True
            self._from(step)
        elif step.keyword == "ONBUILD":
            self._trigger(instruction(step.line, step.body))
        else:
            for source in self._sources(step):
                self._source(step.line, source)

    def _from(self, step: Instruction) -> None:
        found, rest = flags(step.body)
        words = rest.split()
        name = words[2] if _names_stage(words) else None
        if len(words) != 1 and (name is None or not STAGE_NAME.fullmatch(name.text)):
            self.refuse(step.line, rest.text, "FROM takes an image, or an image, AS and the name of a stage")
            return
        try:
            self._base(step.line, words[0], self._platform(found))
        except ValueError as error:
            self.refuse(step.line, words[0].text, str(error))
        if name is not None:
            self.earlier.add(name.text.lower())

    def _platform(self, found: tuple[Traced, ...]) -> str | None:
        """Give the value of `--platform`, None where there is none or where it depends on the build."""
        values = [self.scope.expand(value) for value in flag_values(found, "platform") if value]
        self.parts.update(*(value.places for value in values))
        return next((value.text for value in values if value.text and not value.missing), None)

    def _base(self, line: int, word: Traced, platform: str | None) -> None:
        """Take the base of a stage; raises ValueError where it is malformed."""
        value = self.scope.expand(word)
        stage = value.among(self.earlier)
        if stage or value.missing or value.text == NO_IMAGE:
            self.parts |= value.places
        if stage or value.text == NO_IMAGE:
            return
        if value.missing:
            self.refuse(line, word.text, "; ".join(value.missing))
            return
        if value.blank:
            self.refuse(line, word.text, "it stands for nothing in a build without arguments")
            return
        self.parts |= value.parts
        use = replace(self._use(line, value, Role.BASE), platform=platform)
        self.mentions.append(_Mention(use=use, value=value, fallback=word.at[-1] + 1))

    def mention(self, line: int, word: Traced, role: Role) -> None:
        """Take an image that stands in the file as it is, without substitution."""
        end = word.at[-1] + 1
        value = Value(text=word.text, at=word.at, end=end)
        try:
            use = self._use(line, value, role)
        except ValueError as error:
            self.refuse(line, word.text, str(error))
            return
        self.mentions.append(_Mention(use=use, value=value, fallback=end))

    def _use(self, line: int, value: Value, role: Role) -> ImageUse:
        """Read a reference; raises ValueError where it is malformed."""
        return ImageUse(
            path=self.path,
            line=line,
            reference=value.text,
            name=image_name.parse(value.text),
            platform=None,
            digest_span=None,
            tag_at=_tag_places(value),
            role=role,
        )

    def _sources(self, step: Instruction) -> list[Traced]:
        """Give what an instruction takes files from: `COPY --from`, `RUN --mount=…,from=`."""
        found, _ = flags(step.body)
        if step.keyword == "RUN":
            mounts = [mount for mount in flag_values(found, "mount") if mount]
            return [value for mount in mounts for key, value in mount_fields(mount) if key == "from" and value.text]
        values = flag_values(found, "from") if step.keyword == "COPY" else ()
        if None in values:
            self.refuse(step.line, "--from", "--from takes its value behind an equals sign")
        return [value for value in values if value and value.text]

    def _source(self, line: int, source: Traced) -> None:
        """Take the value of a `from`; BuildKit substitutes nothing here, and every stage of the file can be named."""
        if "$" in source.text:
            self.refuse(line, source.text, "no variable is substituted here; give the image a stage and name that")
        elif not (source.text == NO_IMAGE or NUMBER.fullmatch(source.text) or self._is_stage(source.text)):
            self.mention(line, source, Role.COPIED)

    def _is_stage(self, name: str) -> bool:
        return name.lower() in self.stages

    def _trigger(self, step: Instruction) -> None:
        """Take what ONBUILD holds back for another build: a single word there may be one of that build's stages."""
        if step.keyword == "FROM":
            self.refuse(step.line, step.body.text, "ONBUILD cannot trigger FROM")
        for source in self._sources(step):
            unclear = ONE_WORD.fullmatch(source.text) and not NUMBER.fullmatch(source.text)
            if unclear and source.text != NO_IMAGE and not self._is_stage(source.text):
                self.refuse(
                    step.line, source.text, "ONBUILD runs in another build: this may be an image or a stage there"
                )
            else:
                self._source(step.line, source)

    def uses(self) -> tuple[ImageUse, ...]:
        """Give the images with the places of their digests, now that all is known that an edit would change."""
        placed = [replace(mention.use, digest_span=self._span(mention)) for mention in self.mentions]
        names: dict[Span | None, set[str]] = {}
        for use in placed:
            names.setdefault(use.digest_span, set()).add(f"{use.name.registry}/{use.name.repository}:{use.name.tag}")
        return tuple(_explained(use, shared=len(names[use.digest_span]) > 1) for use in placed)

    def _span(self, mention: _Mention) -> Span | None:
        value = mention.value
        if mention.use.name.digest:
            return _digest_span(value)
        end = mention.fallback if value.end is None or value.end in self.parts else value.end
        return Span(start=end, end=end)


def _tag_places(value: Value) -> tuple[int, ...]:
    """Give the places of the tag's characters; a colon before the last slash stands before a port."""
    named = value.text.partition("@")[0]
    colon = named.rfind(":")
    return value.at[colon + 1 : len(named)] if colon > named.rfind("/") else ()


def _digest_span(value: Value) -> Span | None:
    """Find the digest in the file: with its `@`, without it, or its digits alone, whichever stands in one piece."""
    at = value.text.index("@")
    starts = [at, at + 1]
    if value.text.startswith("sha256:", at + 1):
        starts.append(at + len("@sha256:"))
    for start in starts:
        places = value.at[start:]
        if places == tuple(range(places[0], places[0] + len(places))):
            return Span(start=places[0], end=places[-1] + 1)
    return None


def _explained(use: ImageUse, *, shared: bool) -> ImageUse:
    """Say why a use cannot be edited, if it cannot."""
    if use.digest_span is None:
        return replace(use, obstacle="its digest is put together from several places")
    if shared:
        return replace(use, digest_span=None, obstacle="the place of its digest also serves another image")
    return use


def _stage_names(steps: Iterable[Instruction]) -> frozenset[str]:
    """Give the names of all stages, in lower case."""
    bodies = [flags(step.body)[1].split() for step in steps if step.keyword == "FROM"]
    return frozenset(words[2].text.lower() for words in bodies if _names_stage(words))


def _names_stage(words: tuple[Traced, ...]) -> bool:
    return len(words) == WITH_STAGE and words[1].text.lower() == "as"
