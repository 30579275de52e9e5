"""The repository's own rules: `.quarterdeck.toml`, or `[tool.quarterdeck]` in pyproject.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.errors import RepoError
from bot.model.findings import Unreadable
from bot.model.policy import Policy
from bot.settings import BadSettings, RepositoryFile, read_pyproject, read_repository_file

FILE = ".quarterdeck.toml"
PROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a repository says of itself: the policy as it overrides the operator's, and what is not looked at."""

    policy: Policy
    enabled: bool = True
    ignore: tuple[str, ...] = ()
    ignored_images: tuple[str, ...] = ()
    python: str | None = None
    unheeded: tuple[Unreadable, ...] = ()


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
    return _rules(found, FILE if FILE in contents else PROJECT)


def _rules(found: RepositoryFile, path: str) -> Rules:
    why = "[[locks]] is read, but this version finds locks by their header only"
    platforms = found.images.platforms
    return Rules(
        policy=replace(found.policy, platforms=platforms) if platforms else found.policy,
        enabled=found.enabled,
        ignore=found.ignore,
        ignored_images=found.images.ignore,
        python=found.python,
        unheeded=tuple(Unreadable(path=path, line=0, subject=lock.path, why=why) for lock in found.locks),
    )
