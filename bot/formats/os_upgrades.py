"""Shell commands that upgrade the packages of the operating system: apt, apk, dnf and its kin, zypper.

Subcommands and options are those of apt-get(8), apt(8), aptitude(8), apk(8), dnf(8), microdnf(8) and zypper(8).
Nothing is executed, and a command that only prints or downloads upgrades nothing.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile

from bot.formats import pip_installs, shell_commands
from bot.formats.dockerfile_arguments import Scope
from bot.formats.dockerfile_heredocs import is_json_form
from bot.formats.dockerfile_shell import COMMAND_OPTION, DEEPEST, DOCUMENT, SHELLS
from bot.formats.dockerfile_words import Traced


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """A package manager's program; where it is `partial`, packages that are named are all that it upgrades.

    `verbs` upgrade, `valued` are options that take the next word, `idle` those with which nothing is upgraded here.
    """

    manager: str
    verbs: frozenset[str]
    valued: frozenset[str]
    idle: frozenset[str]
    partial: bool = True


APT_VALUED = frozenset({"-a", "-c", "-o", "-t", "--config-file", "--default-release", "--option", "--target-release"})
APT_IDLE = frozenset({
    *("-d", "-h", "-s", "--download-only", "--dry-run", "--help", "--just-print", "--no-act", "--print-uris"),
    *("--recon", "--simulate"),
})  # fmt: skip
APT = _Program(
    manager="apt",
    verbs=frozenset({"dist-upgrade", "dselect-upgrade", "full-upgrade", "safe-upgrade", "upgrade"}),
    valued=APT_VALUED,
    idle=APT_IDLE,
    partial=False,
)
APK = _Program(
    manager="apk",
    verbs=frozenset({"upgrade"}),
    valued=frozenset({
        *("-X", "--arch", "--cache-dir", "--cache-max-age", "--keys-dir", "--progress-fd", "--repositories-file"),
        *("--repository", "--timeout", "--wait"),
    }),
    idle=frozenset({"-h", "-p", "-s", "--help", "--root", "--simulate"}),
)  # fmt: skip
RPM_VERBS = frozenset({
    *("distro-sync", "distrosync", "dist-upgrade", "dsync", "up", "update", "update-minimal", "upgrade"),
    *("upgrade-minimal", "upgrade-to", "update-to"),
})  # fmt: skip
RPM_VALUED = frozenset({
    *("-c", "-d", "-e", "-R", "-x", "--advisories", "--advisory", "--bz", "--bzs", "--config", "--cve", "--cves"),
    *("--debuglevel", "--disableexcludes", "--disablerepo", "--enablerepo", "--errorlevel", "--exclude"),
    *("--excludepkgs", "--releasever", "--repo", "--repoid", "--sec-severity", "--secseverity", "--setopt"),
})  # fmt: skip
RPM_IDLE = frozenset({"-h", "--assumeno", "--downloadonly", "--help", "--installroot"})
ZYPPER = _Program(
    manager="zypper",
    verbs=frozenset({"dist-upgrade", "dup", "patch", "up", "update"}),
    valued=frozenset({
        *("-b", "-c", "-C", "-g", "-p", "-r", "-t", "--bugzilla", "--bz", "--cache-dir", "--category", "--config"),
        *("--cve", "--date", "--from", "--issues", "--plus-repo", "--releasever", "--repo", "--reposd-dir"),
        *("--severity", "--type"),
    }),
    idle=frozenset({"-d", "-h", "-R", "--download-only", "--dry-run", "--help", "--root"}),
)  # fmt: skip


def _rpm(name: str) -> _Program:
    return _Program(manager=name, verbs=RPM_VERBS, valued=RPM_VALUED, idle=RPM_IDLE)


PROGRAMS = {
    **dict.fromkeys(("apt-get", "apt", "aptitude"), APT),
    **dict.fromkeys(("dnf", "dnf-3", "dnf4", "dnf5"), _rpm("dnf")),
    **{name: _rpm(name) for name in ("yum", "microdnf", "tdnf")},
    "apk": APK,
    "zypper": ZYPPER,
}
CLUSTER = re.compile(r"-[A-Za-z]+")
UNKNOWN = "-"
"""Stands for a word that only the shell knows, which is an option in all that people write."""


def manager(body: str, documents: Sequence[str]) -> str:
    """Give the package manager with which a RUN upgrades: apt, apk, dnf, yum, microdnf, tdnf or zypper; "" for none.

    `body` is that of the instruction without its flags, `documents` are its here-documents. Never raises.
    """
    if is_json_form(body):
        found = _command(json.loads(body), 0)
    else:
        found = _script(_document(body, documents) if documents else body, 0)
    return next(found, "")


def _script(script: str, depth: int) -> Iterator[str]:
    for part in shell_commands.commands(script):
        if isinstance(part, shell_commands.Command):
            yield from _command([_plain(word) for word in part.words], depth)


def _plain(word: str) -> str:
    """Take off quotes; UNKNOWN where the shell puts something in that is not known here."""
    try:
        value = Scope(escape="\\").expand(Traced(text=word, at=tuple(range(len(word)))))
    except ValueError:
        return UNKNOWN
    return UNKNOWN if value.missing else value.text


def _command(words: Sequence[str], depth: int) -> Iterator[str]:
    """Read a simple command; what it starts with is passed over where it is not known (`$SUDO apt-get …`)."""
    known = pip_installs.unwrapped(list(dropwhile(lambda word: word == UNKNOWN, words)))
    name, rest = (known[0].rpartition("/")[2], known[1:]) if known else ("", ())
    if name in SHELLS and depth < DEEPEST:
        at = next((at for at, word in enumerate(rest) if COMMAND_OPTION.fullmatch(word)), len(rest))
        yield from (found for script in rest[at + 1 : at + 2] for found in _script(script, depth + 1))
    elif name in PROGRAMS and _upgrades(PROGRAMS[name], rest):
        yield PROGRAMS[name].manager


def _upgrades(program: _Program, rest: Sequence[str]) -> bool:
    operands: list[str] = []
    words = iter(rest)
    for word in words:
        options, takes_next = _options(program, word)
        if not program.idle.isdisjoint(options):
            return False
        if takes_next:
            next(words, "")
        elif not options:
            operands.append(word)
    return bool(operands) and operands[0] in program.verbs and not (program.partial and operands[1:])


def _options(program: _Program, word: str) -> tuple[list[str], bool]:
    """Give the options in a word (`-qy` are two), and whether the last one takes the next word; none for an operand."""
    if not word.startswith("-"):
        return [], False
    if not CLUSTER.fullmatch(word):
        name, equals, _ = word.partition("=")
        return [name], name in program.valued and not equals
    letters = [f"-{letter}" for letter in word[1:]]
    end = next((at for at, letter in enumerate(letters, start=1) if letter in program.valued), 0)
    return letters[: end or None], end == len(letters)


def _document(body: str, documents: Sequence[str]) -> str:
    """Give the script of a RUN with here-documents: the first one where a shell reads it, else the command itself."""
    words = pip_installs.unwrapped(DOCUMENT.sub(" ", body).split())
    if words and (words[0].rpartition("/")[2] not in SHELLS or any(not word.startswith("-") for word in words[1:])):
        return body
    first = documents[0].partition("\n")[0].rstrip()
    foreign = not words and first.startswith("#!") and not any(first.endswith(name) for name in SHELLS)
    return "" if foreign else documents[0]
