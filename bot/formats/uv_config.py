"""Keys of uv's configuration that concern `uv pip compile`, and the option that each is.

The keys are those that uv 0.13 names when it reads an unknown one; their meaning is in uv's settings reference.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bot.formats import compile_options
from bot.model.locks import LockerName

RENAMED = {"no-build-package": "only-binary", "no-binary-package": "no-binary"}
# Of [tool.uv]: projects, building, installing, publishing, and how uv itself behaves.
ELSEWHERE = frozenset({
    "required-version", "no-cache", "concurrent-downloads", "concurrent-builds", "concurrent-installs", "http-proxy",
    "https-proxy", "no-proxy", "extra-build-dependencies", "extra-build-variables", "compile-bytecode", "reinstall",
    "reinstall-package", "python-install-mirror", "pypy-install-mirror", "graalpy-install-mirror",
    "pyodide-install-mirror", "python-downloads", "python-downloads-json-url", "publish-url", "trusted-publishing",
    "check-url", "add-bounds", "audit", "pip", "cache-keys", "build-constraint-dependencies", "minimum-libc-version",
    "conflicts", "workspace", "managed", "package", "sources", "default-groups", "dependency-groups",
    "dev-dependencies", "build-backend", "strict", "allow-empty-requirements", "require-hashes", "verify-hashes",
    "break-system-packages", "target", "prefix",
})  # fmt: skip
UNREPLAYABLE = {
    "constraint-dependencies": "write them into a file and name it with -c",
    "override-dependencies": "write them into a file and name it with --override",
    "exclude-dependencies": "write them into a file and name it with --exclude",
    "dependency-metadata": "publish releases whose metadata is right",
    "no-extra": "name the extras that are wanted with --extra",
    "environments": "compile one lock for each platform, without --universal",
    "required-environments": "compile one lock for each platform, without --universal",
}
OF_UNIVERSAL = frozenset({"environments", "required-environments"})
PAIRS = frozenset({"exclude-newer-package", "prerelease-package"})
NAME = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A key, the option that it is and its value; `obstacle` and `remedy` stand where it is none that we replay."""

    key: str
    option: str
    value: object
    of_pip: bool
    obstacle: str = ""
    remedy: str = ""


def words_of_uv(table: dict[str, Any], *, of_pip: bool) -> Iterator[Words]:
    """Give what the keys of `[tool.uv]` or `[tool.uv.pip]` mean to `uv pip compile`; what means nothing is left out.

    Those of OF_UNIVERSAL matter to universal locks alone.
    """
    for key, value in table.items():
        yield from _words(key, value, of_pip=of_pip)


def _words(key: str, value: Any, *, of_pip: bool) -> Iterator[Words]:
    option = RENAMED.get(key, key)
    if key in UNREPLAYABLE:
        if value:
            why, remedy = "changes what uv resolves, and is no option that could be replayed", UNREPLAYABLE[key]
            yield Words(key=key, option=key, value=value, of_pip=of_pip, obstacle=why, remedy=remedy)
    elif key == "index" and isinstance(value, list):
        yield from _indexes(value, of_pip=of_pip)
    elif key in PAIRS and isinstance(value, dict):
        pairs = [f"{name}={when}" for name, when in value.items() if NAME.fullmatch(name)]
        yield Words(key=key, option=option, value=pairs, of_pip=of_pip)
    elif key == "no-binary" and isinstance(value, bool):
        yield Words(key=key, option=option, value=":all:" if value else [], of_pip=of_pip)
    elif compile_options.find(LockerName.UV_PIP, f"--{option}") is not None:
        yield Words(key=key, option=option, value=value, of_pip=of_pip)
    elif key not in ELSEWHERE:
        why, remedy = "is no key of uv that this version knows", "drop it, or have this version of Quarterdeck upgraded"
        yield Words(key=key, option=key, value=value, of_pip=of_pip, obstacle=why, remedy=remedy)


def _indexes(entries: list[Any], *, of_pip: bool) -> Iterator[Words]:
    """Read `[[tool.uv.index]]`; an explicit one is used by `sources` alone, which are an obstacle of their own."""
    for entry in entries:
        table = entry if isinstance(entry, dict) else {}
        if table.get("explicit"):
            continue
        if table.get("format", "simple") != "simple":
            why, remedy = compile_options.FIND_LINKS, compile_options.INDEX_TABLE
            yield Words(key="index", option="index", value="", of_pip=of_pip, obstacle=why, remedy=remedy)
            continue
        option = "default-index" if table.get("default") else "index"
        yield Words(key="index", option=option, value=str(table.get("url", "")), of_pip=of_pip)
