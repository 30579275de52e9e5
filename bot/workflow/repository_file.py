"""The repository's own rules: `.quarterdeck.toml`, or `[tool.quarterdeck]` in pyproject.toml."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.errors import RepoError
from bot.formats import toml_lines
from bot.model.policy import Policy, Waiver
from bot.settings import BadSettings, RepositoryFile, read_pyproject, read_repository_file
from bot.workflow.survey_declared import Declared

DEEPEST = 16  # steps of a TOML path whose line is wanted; hostile nesting shall not fill the memory
FILE = ".quarterdeck.toml"
PROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a repository says of itself: the policy over the operator's, what is not looked at, and its own locks."""

    policy: Policy
    enabled: bool = True
    ignore: tuple[str, ...] = ()
    ignored_images: tuple[str, ...] = ()
    python: str | None = None
    locks: tuple[Declared, ...] = ()
    waivers: tuple[Waiver, ...] = ()


def rules_of(contents: Mapping[str, bytes], policy: Policy) -> Rules:
    """Read the repository's file; raises RepoError with every mistake, since guessing at a policy is worse."""
    try:
        if FILE in contents:
            found = read_repository_file(contents[FILE].decode("utf-8"), FILE, policy)
        elif (project := contents.get(PROJECT)) is not None:
            found = read_pyproject(project.decode("utf-8"), PROJECT, policy) or RepositoryFile(policy=policy)
        else:
            return Rules(policy=policy)
    except UnicodeDecodeError as error:
        raise RepoError(f"{FILE} or {PROJECT} is not UTF-8 (byte {error.start})", hint="save it as UTF-8") from error
    except BadSettings as error:
        raise RepoError(error.message, hint=error.hint or f"correct {FILE} on the default branch") from error
    path = FILE if FILE in contents else PROJECT
    return _rules(found, path, contents[path].decode("utf-8") if found.locks else "")


def described(contents: Mapping[str, bytes]) -> tuple[Declared, ...]:
    """Give the locks that the repository describes; none while its file has mistakes, which `rules_of` tells."""
    try:
        return rules_of(contents, Policy()).locks
    except RepoError:
        return ()


def _rules(found: RepositoryFile, path: str, text: str) -> Rules:
    platforms = found.images.platforms
    return Rules(
        policy=replace(found.policy, platforms=platforms) if platforms else found.policy,
        enabled=found.enabled,
        ignore=found.ignore,
        ignored_images=found.images.ignore,
        python=found.python,
        locks=tuple(_declared(found, path, text)),
        waivers=found.waivers,
    )


def _declared(found: RepositoryFile, path: str, text: str) -> Iterator[Declared]:
    lines = toml_lines.lines(text, deepest=DEEPEST)
    root = () if path == FILE else ("tool", "quarterdeck")
    for index, lock in enumerate(found.locks):
        yield Declared(
            path=lock.path, sources=lock.sources, locker=lock.locker, options=lock.options, python=lock.python,
            file=path, line=lines.get((*root, "locks", index), 1),
        )  # fmt: skip
