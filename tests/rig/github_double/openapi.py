"""GitHub's published OpenAPI description, and whether an exchange agrees with it.

The description is the npm package `@octokit/openapi`, pinned in `package.json` beside the rig. It is unpacked from
`tests/rig/node_modules` where that was installed, else from a throw-away install; what we use of it (a few hundred of
its 13,000 kilobytes) is kept in pytest's cache.
"""

import fcntl
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from jsonschema import Draft4Validator, FormatChecker

RIG = Path(__file__).parents[1]
PACKAGE = "@octokit/openapi"
SOURCE = f"node_modules/{PACKAGE}/generated/api.github.com.json"
REPO = "/repos/{owner}/{repo}"
PATHS = (
    "/app",
    "/app/installations",
    "/app/installations/{installation_id}/access_tokens",
    "/installation/repositories",
    "/orgs/{org}/repos",
    "/user",
    "/user/repos",
    "/users/{username}",
    "/users/{username}/repos",
    REPO,
    f"{REPO}/collaborators/{{username}}/permission",
    f"{REPO}/git/matching-refs/{{ref}}",
    f"{REPO}/issues",
    f"{REPO}/issues/{{issue_number}}",
    f"{REPO}/issues/{{issue_number}}/assignees",
    f"{REPO}/issues/{{issue_number}}/comments",
    f"{REPO}/issues/{{issue_number}}/labels",
    f"{REPO}/pulls",
    f"{REPO}/pulls/{{pull_number}}",
    f"{REPO}/pulls/{{pull_number}}/commits",
    f"{REPO}/pulls/{{pull_number}}/files",
    f"{REPO}/pulls/{{pull_number}}/requested_reviewers",
    f"{REPO}/pulls/{{pull_number}}/reviews",
    f"{REPO}/releases",
)
NOT_MODIFIED = 304
FIRST_ERROR = 400
NUMBERS = frozenset({"integer", "number"})
Json = dict[str, Any]


class Exchange(NamedTuple):
    """One request and its answer; `path` is without the API's prefix, `sent` and `answer` are decoded JSON."""

    method: str
    path: str
    query: str
    sent: Any
    status: int
    answer: Any


class Description:
    """Checks exchanges; `problems` says everything that an exchange does otherwise than GitHub describes."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._routes = [(re.compile(_pattern(path)), path) for path in sorted(document["paths"])]

    def problems(self, exchange: Exchange) -> list[str]:
        found = self._operation(exchange)
        if found is None:
            return [f"{exchange.method} {exchange.path} is not described"]
        operation, values = found
        where = f"{exchange.method} {exchange.path}"
        checks = (*self._parameters(operation, exchange, values), *self._body(operation, exchange))
        return [f"{where}: {problem}" for problem in (*checks, *self._answer(operation, exchange))]

    def _operation(self, exchange: Exchange) -> tuple[Json, Mapping[str, str]] | None:
        for pattern, path in self._routes:
            match = pattern.fullmatch(exchange.path)
            operation = self._document["paths"][path].get(exchange.method.lower())
            if match and operation:
                return operation, match.groupdict()
        return None

    def _parameters(self, operation: Json, exchange: Exchange, values: Mapping[str, str]) -> Iterator[str]:
        described = [self._resolved(parameter) for parameter in operation.get("parameters", [])]
        for place, given in (("path", dict(values)), ("query", dict(parse_qsl(exchange.query)))):
            known = {parameter["name"]: parameter for parameter in described if parameter["in"] == place}
            yield from (f"unknown {place} parameter {name}" for name in given if name not in known)
            for name, parameter in known.items():
                if name in given:
                    yield from self._against(parameter["schema"], _typed(given[name], parameter["schema"]), name)
                elif parameter.get("required"):
                    yield f"missing {place} parameter {name}"

    def _body(self, operation: Json, exchange: Exchange) -> Iterator[str]:
        body = self._resolved(operation.get("requestBody", {}))
        if not body:
            yield from ["a body where none is described"] if exchange.sent is not None else []
            return
        schema = body["content"]["application/json"]["schema"]
        if exchange.sent is None:
            yield from ["no body"] if body.get("required") else []
            return
        yield from self._against(schema, exchange.sent, "request")
        known = schema.get("properties")
        if known is not None:
            yield from (f"unknown field {name} in the request" for name in exchange.sent if name not in known)

    def _answer(self, operation: Json, exchange: Exchange) -> Iterator[str]:
        if exchange.status == NOT_MODIFIED and exchange.method == "GET":
            return  # GitHub documents it for all reading operations together, and lists it with few
        described = operation["responses"].get(str(exchange.status))
        if described is None:
            yield f"status {exchange.status} is not described"
            return
        content = self._resolved(described).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        if schema is not None:
            yield from self._against(schema, exchange.answer, "answer")
        elif exchange.answer is not None and exchange.status < FIRST_ERROR:  # what an error says is seldom described
            yield f"a body with status {exchange.status}, where none is described"

    def _against(self, schema: Json, value: Any, name: str) -> Iterator[str]:
        validator = Draft4Validator(
            {**schema, "components": self._document["components"]}, format_checker=FormatChecker()
        )
        for error in sorted(validator.iter_errors(value), key=str):
            yield f"{name} {error.json_path}: {error.message[:300]}"

    def _resolved(self, node: Json) -> Json:
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node


class Installer:
    """Finds the description, at most once per machine and version; several test processes may ask at a time."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    @cached_property
    def version(self) -> str:
        return str(json.loads((RIG / "package.json").read_text())["devDependencies"][PACKAGE])

    def description(self) -> Description:
        key = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
        kept = self._cache / f"api.github.com-{self.version}-{key}.json"
        with (self._cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                fresh = kept.with_suffix(".new")
                fresh.write_text(json.dumps(reduced(self._source()), sort_keys=True))
                fresh.rename(kept)
        return Description(json.loads(kept.read_text()))

    def _source(self) -> Json:
        if self._installed():
            return _read(RIG / SOURCE)
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(RIG / name, folder)
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            subprocess.run(["npm", "ci", *quiet], cwd=folder, check=True, capture_output=True, timeout=240)
            return _read(Path(folder) / SOURCE)

    def _installed(self) -> bool:
        package = RIG / f"node_modules/{PACKAGE}/package.json"
        return package.exists() and json.loads(package.read_text())["version"] == self.version


def reduced(document: Json) -> Json:
    """Keep PATHS and the components that they lead to, as plain JSON Schema (draft 4, which OpenAPI 3.0 builds on)."""
    kept: Json = {"paths": {path: document["paths"][path] for path in PATHS}, "components": {}}
    waiting = list(_references(kept["paths"]))
    while waiting:
        _, kind, name = waiting.pop().removeprefix("#/").split("/")
        group = kept["components"].setdefault(kind, {})
        if name not in group:
            group[name] = document["components"][kind][name]
            waiting += _references(group[name])
    plain: Json = _plain(kept)
    return plain


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _plain(node: Any) -> Any:
    """Drop examples and prose, and put `nullable`, which JSON Schema does not know, into its words."""
    if isinstance(node, list):
        return [_plain(value) for value in node]
    if not isinstance(node, dict):
        return node
    kept = {
        name: _plain(value)
        for name, value in node.items()
        if not (name in {"example", "examples", "description", "summary"} and not _is_schema(value))
    }
    if kept.pop("nullable", False) is True:
        return {"anyOf": [kept, {"type": "null"}]}
    return kept


def _is_schema(value: Any) -> bool:
    """Tell a property that happens to be called `description` from the prose of that name."""
    return isinstance(value, dict) and not value.keys().isdisjoint({"type", "$ref", "oneOf", "anyOf", "allOf"})


def _pattern(path: str) -> str:
    """Make a pattern of a path template; a `{ref}` may have slashes in it."""
    parts = re.split(r"\{(\w+)\}", path)
    named = [f"(?P<{part}>{'.+' if part == 'ref' else '[^/]+'})" for part in parts[1::2]]
    texts = [re.escape(part) for part in parts[::2]]
    return "".join(text + name for text, name in zip(texts, [*named, ""], strict=True))


def _typed(text: str, schema: Json) -> Any:
    return int(text) if schema.get("type") in NUMBERS and text.isdigit() else text


def _read(path: Path) -> Json:
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    return document
