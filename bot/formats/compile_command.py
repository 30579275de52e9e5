"""The command line in a lock's header: which options we replay, and which we refuse.

Options are those of pip-compile 7 (`pip-compile --help`) and `uv pip compile`; a header is somebody
else's text, so what is not listed here is refused by name rather than passed on.
"""

import posixpath
import shlex
from dataclasses import dataclass

from bot.model.locks import LockerName

ALIASES = {
    "-o": "--output-file", "-c": "--constraint", "-U": "--upgrade", "-P": "--upgrade-package", "-p": "--pre",
    "-i": "--index-url", "-f": "--find-links", "-q": "--quiet", "-v": "--verbose", "-r": "--rebuild",
    "--constraints": "--constraint", "--annotate": "--annotate", "--header": "--header",
}  # fmt: skip
SAFE_FLAGS = frozenset({
    "--pre", "--all-extras", "--annotate", "--no-annotate", "--header", "--no-header", "--allow-unsafe",
    "--no-allow-unsafe", "--strip-extras", "--no-strip-extras", "--generate-hashes", "--reuse-hashes",
    "--no-reuse-hashes", "--build-isolation", "--emit-index-url", "--no-emit-index-url", "--emit-trusted-host",
    "--no-emit-trusted-host", "--emit-find-links", "--no-emit-find-links", "--emit-options", "--no-emit-options",
    "--no-strip-markers", "--universal", "--emit-index-annotation", "--no-deps", "--emit-build-options",
})  # fmt: skip
SAFE_VALUES = frozenset({
    "--extra", "--group", "--annotation-style", "--newline", "--max-rounds", "--resolver", "--unsafe-package",
    "--uploaded-prior-to", "--python-version", "--python-platform", "--resolution", "--prerelease",
    "--exclude-newer", "--fork-strategy", "--no-emit-package", "--no-binary", "--only-binary",
})  # fmt: skip
PATHS = frozenset({"--constraint", "--output-file", "--override", "--build-constraint"})
DROPPED = frozenset({"--upgrade", "--upgrade-package", "--quiet", "--verbose", "--rebuild", "--dry-run", "--config",
                     "--no-config", "--cache-dir", "--color", "--no-color", "--no-upgrade", "--client-cert",
                     "--custom-compile-command"})  # fmt: skip
DROPPED_WITH_VALUE = frozenset({"--upgrade-package", "--config", "--cache-dir", "--custom-compile-command"})
INDEXES = frozenset({"--index-url", "--extra-index-url", "--default-index", "--index"})
REFUSED_WITH_VALUE = frozenset({"--pip-args", "--cert", "--client-cert", "--trusted-host", "--find-links",
                                "--build-deps-for", "--keyring-provider", "--python"})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CompileCommand:
    """A header's command: `options` to replay as (name, value; "" for a flag), paths still as written.

    `refused` holds the options that we do not replay; `indexes` the addresses of package indexes it names.
    """

    locker: LockerName
    options: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    output: str | None
    indexes: tuple[str, ...]
    refused: tuple[str, ...]

    def values(self, name: str) -> tuple[str, ...]:
        """Give every value of an option, in the order written."""
        return tuple(value for option, value in self.options if option == name)


def parse(command: str) -> CompileCommand | None:
    """Read `pip-compile …`, `python -m piptools compile …` or `uv pip compile …`; None for any other command."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    for prefix, locker in (
        (["pip-compile"], LockerName.PIP_TOOLS),
        (["python", "-m", "piptools", "compile"], LockerName.PIP_TOOLS),
        (["uv", "pip", "compile"], LockerName.UV_PIP),
    ):
        if words[: len(prefix)] == prefix:
            return _read(locker, words[len(prefix) :])
    return None


def _read(locker: LockerName, words: list[str]) -> CompileCommand:
    options: list[tuple[str, str]] = []
    sources: list[str] = []
    refused: list[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word == "--":
            sources += queue
            break
        if not word.startswith("-") or word == "-":
            sources.append(word)
            continue
        name, equals, value = word.partition("=")
        name = ALIASES.get(name, name)
        if name in SAFE_FLAGS and not equals:
            options.append((name, ""))
            continue
        if name in DROPPED - DROPPED_WITH_VALUE and not (equals and value != "None"):
            continue
        takes_value = name in SAFE_VALUES | PATHS | INDEXES | DROPPED_WITH_VALUE | REFUSED_WITH_VALUE
        if takes_value and not equals:
            value = queue.pop(0) if queue else ""
        if value == "None" or name in DROPPED_WITH_VALUE:
            continue  # `--cert=None` and the like were written by old versions and mean nothing
        if name in SAFE_VALUES | PATHS | INDEXES:
            options.append((name, value))
        else:
            refused.append(name)
    outputs = [value for name, value in options if name == "--output-file"]
    return CompileCommand(
        locker=locker,
        options=tuple(pair for pair in options if pair[0] != "--output-file"),
        sources=tuple(sources),
        output=outputs[-1] if outputs else None,
        indexes=tuple(value for name, value in options if name in INDEXES),
        refused=tuple(refused),
    )


def default_output(command: CompileCommand) -> str | None:
    """Give the file that pip-compile writes without `--output-file`; None for uv, which prints.

    The rule is pip-tools' own: the source's stem with `.txt`, and `requirements.txt` for project files.
    """
    if command.output is not None:
        return command.output
    if command.locker is LockerName.UV_PIP:
        return None
    first = command.sources[0] if command.sources else "requirements.in"
    if posixpath.basename(first) in {"setup.py", "setup.cfg", "pyproject.toml"}:
        return "requirements.txt"
    return first.rpartition(".")[0] + ".txt" if "." in posixpath.basename(first) else first + ".txt"


def inside(directory: str, written: str) -> str | None:
    """Resolve a path written in `directory` against the repository's root; None where it leads outside."""
    if posixpath.isabs(written):
        return None
    path = posixpath.normpath(posixpath.join(directory, written))
    return None if path == ".." or path.startswith("../") else path
