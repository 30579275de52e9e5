"""Lines of a requirements file and their options, as pip takes them apart.

The rules are those of `pip._internal.req.req_file` (pip 26): continuation lines are joined, comments cut, and the
first word that begins with a dash begins the options, which optparse reads (so `--index` is `--index-url`).
"""

import re
import shlex
from dataclasses import dataclass

from bot.formats import requirement_words, text_lines
from bot.formats.compile_command import inside
from bot.formats.requirement_source import Build, RequirementFile, Where, gather
from bot.formats.text_lines import BOM

VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
SHORT = {"-r": "--requirement", "-c": "--constraint", "-e": "--editable", "-i": "--index-url", "-f": "--find-links",
         "-C": "--config-settings"}  # fmt: skip
WITH_VALUE = frozenset({
    "--requirement", "--constraint", "--editable", "--index-url", "--pypi-url", "--extra-index-url", "--find-links",
    "--trusted-host", "--no-binary", "--only-binary", "--use-feature", "--hash", "--config-settings",
    "--config-setting", "--global-option", "--install-option", "--all-releases", "--only-final",
})  # fmt: skip
FLAGS = frozenset({"--pre", "--prefer-binary", "--require-hashes", "--no-require-hashes", "--no-index"})
OPTIONS = WITH_VALUE | FLAGS
INDEXES = frozenset({"--index-url", "--pypi-url", "--extra-index-url"})
REFUSED = frozenset({"--find-links", "--trusted-host", "--no-index", "--global-option", "--install-option"})
OF_REQUIREMENTS = frozenset({"--hash", "--config-settings", "--config-setting", "--global-option", "--install-option"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One logical line of a source, continuation lines joined; `number` is where it begins, from 1."""

    number: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of a line by its full name, and its value ("" for a flag)."""

    name: str
    value: str


def logical_lines(text: str) -> tuple[Line, ...]:
    """Join continuation lines and strip comments and a byte order mark, as pip does; numbers are an editor's."""
    lines = text_lines.split(text.removeprefix(BOM))
    found = []
    at = 0
    while at < len(lines):
        end = text_lines.logical_end(lines, at)
        if whole := text_lines.cut_comment(text_lines.joined(lines[at:end]))[0]:
            found.append(Line(number=lines[at].number, text=whole))
        at = end
    return tuple(found)


def read(where: Where, text: str) -> RequirementFile:
    """Read one logical line: a requirement with its options, or options alone."""
    if variable := VARIABLE.search(text):
        return where.refused(f"{variable[0]} stands for a variable of the environment, which would need a secret")
    requirement, words = _parted(text)
    options = _options(words)
    if isinstance(options, str):
        return where.unreadable(text, options)
    if requirement:
        own = [_option(where, option, text) for option in options if option.name in OF_REQUIREMENTS]
        return gather([requirement_words.read(where, requirement, shown=text), *own])
    return gather([_option(where, option, text) for option in options])


def _parted(text: str) -> tuple[str, str]:
    if text.startswith("-"):
        return "", text
    requirement, dash, words = text.partition(" -")
    return requirement.strip(), (dash + words).strip()


def _options(text: str) -> list[Option] | str:
    """Read options as optparse does; a sentence where it would not."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        return f"{text}: {error}".replace("No closing quotation", "a quotation mark is not closed")
    options = []
    words.reverse()
    while words:
        word = words.pop()
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            known = [name] if name in OPTIONS else [other for other in sorted(OPTIONS) if other.startswith(name)]
            if len(known) != 1:
                return f"{name} is no option of a requirements file"
            name = known[0]
        elif word[:2] in SHORT:
            name, value = SHORT[word[:2]], word[2:]
            equals = value
        else:
            return f"{word} is no option of a requirements file"
        if name in WITH_VALUE and not equals:
            if not words:
                return f"{word} needs a value"
            value = words.pop()
        options.append(Option(name=name, value=value))
    return options


def _option(where: Where, option: Option, text: str) -> RequirementFile:
    if option.name in {"--requirement", "--constraint"}:
        return _include(where, option, text)
    if option.name == "--editable":
        return requirement_words.read(where, option.value, shown=text, editable=True)
    if option.name in INDEXES:
        extra = (option.value,) if option.name == "--extra-index-url" else ()
        return RequirementFile(indexes=((where.line, option.value),), extra_indexes=extra)
    if option.name in REFUSED:
        return where.refused(option.name)
    if option.name == "--no-binary" and option.value != ":none:":
        why = (
            f"{text} asks for building from source, which executes the code of packages; leave the choice to the index"
        )
        return RequirementFile(builds=(Build(line=where.line, text=text, why=why),))
    return RequirementFile()


def _include(where: Where, option: Option, text: str) -> RequirementFile:
    if re.match(r"(?:https?|file):", option.value, re.IGNORECASE):
        return where.refused(f"{text}: a file from elsewhere; copy it into the repository")
    included = inside(where.directory, option.value)
    if included is None:
        return where.refused(f"{text}: outside the repository")
    bounds = (included,) if option.name == "--constraint" else ()
    return RequirementFile(includes=(included,), constraints=bounds, include_lines=((included, where.line),))
