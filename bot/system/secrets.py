"""Where secrets stand: environment variables, files, and what `docker login` left behind.

Docker's rules: https://docs.docker.com/reference/cli/docker/login/ (credential stores, helper protocol).
"""

import base64
import binascii
import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from bot.errors import BotError, ConfigError
from bot.model.secrets import Credential, Secret, SecretRef
from bot.system.pip_config import pip_configuration
from bot.system.process import run
from bot.system.redaction import carries, known, known_address, known_login

HELPER_SECONDS = 10.0
OURS = "QUARTERDECK_"
PROXY = "_proxy"
HUB_KEY = "https://index.docker.io/v1/"  # what Docker calls its Hub in config.json and towards helpers
HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
TOKEN_USER = "<token>"  # noqa: S105 - helpers say so for an OAuth2 identity token


def reveal(ref: SecretRef) -> Secret:
    """Read the secret that stands at `ref`, without the newline that editors put at the end of a file.

    Raises ConfigError, which names the variable or the file, where there is none or where it is empty.
    """
    value = _read(ref)
    known(value)
    return Secret(value)


def reveal_login(username: SecretRef, password: SecretRef) -> Credential:
    """Read a user name and its password as `reveal` does; a name is not as secret as a password (`redaction`)."""
    name, value = _read(username), _read(password)
    known_login(name, value)
    return Credential(username=name, password=Secret(value))


def learn(refs: Iterable[SecretRef], logins: Iterable[tuple[SecretRef, SecretRef]]) -> None:
    """Make secrets known before they are used, if they ever are, with what Docker, pip and proxies log in with.

    What cannot be read is left out: whoever needs it says so.
    """
    for ref in refs:
        with suppress(ConfigError):
            reveal(ref)
    for username, password in logins:
        with suppress(ConfigError):
            reveal_login(username, password)
    with suppress(ConfigError):
        _learn_docker()
    with suppress(ConfigError):
        pip_configuration()
    for name, value in os.environ.items():
        if name.lower().endswith(PROXY):
            known_address(value if "://" in value else f"http://{value}")


def secret_variables() -> frozenset[str]:
    """Name the variables that no child may see: those that carry a secret, and all that are called like ours.

    Proxies are not among them, as programs that speak to servers need theirs; children of strangers get none at all.
    """
    return frozenset(
        name
        for name, value in os.environ.items()
        if name.startswith(OURS) or (carries(value) and not name.lower().endswith(PROXY))
    )


def _learn_docker() -> None:
    path = _docker_config()
    auths = _json_object(path).get("auths") if path else None
    for key, entry in auths.items() if isinstance(auths, dict) else ():
        if isinstance(entry, dict):
            with suppress(ConfigError):
                _credential(*_decoded(entry, key, path or Path()))


def _read(ref: SecretRef) -> str:
    value, place = _from_variable(ref.env) if ref.env is not None else _from_file(ref.file or "")
    if not value:
        raise ConfigError(f"the secret in {place} is empty", hint=f"put the secret into {place}")
    return value


def docker_credentials(host: str) -> Credential | None:
    """Give what `docker login` keeps for a registry (`docker.io`, `ghcr.io`, `127.0.0.1:5000`), None for nothing.

    The file is config.json in $DOCKER_CONFIG or ~/.docker; a helper that it names for the host comes first, then
    its `auths`. A helper that fails counts as nothing: the registry says whether a credential is needed. Identity
    tokens (OAuth2 refresh tokens) are not used. Raises ConfigError where the file cannot be read as such.
    """
    path = _docker_config()
    if path is None:
        return None
    config = _json_object(path)
    helper = _helper(config, host)
    kept = _from_helper(helper, host) if helper else None
    return kept or _from_auths(config, host, path)


def _from_variable(name: str) -> tuple[str, str]:
    value = os.environ.get(name)
    if value is None:
        raise ConfigError(f"the environment variable {name} is not set", hint=f"set {name}, or name another place")
    return value.rstrip("\r\n"), f"the environment variable {name}"


def _from_file(name: str) -> tuple[str, str]:
    try:
        return Path(name).read_text(encoding="utf-8").rstrip("\r\n"), f"the file {name}"
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(
            f"the secret file {name} cannot be read: {reason}", hint=f"put the secret into {name}"
        ) from error


def _docker_config() -> Path | None:
    home = os.environ.get("HOME")
    folder = os.environ.get("DOCKER_CONFIG") or (home and f"{home}/.docker")
    return Path(folder) / "config.json" if folder else None


def _json_object(path: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _broken(path, str(error)) from error
    if not isinstance(config, dict):
        raise _broken(path, "it is not a JSON object")
    return config


def _broken(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"Docker's {path} cannot be used: {why}",
        hint="repair it, or remove it and `docker login` again, or point DOCKER_CONFIG elsewhere",
    )


def _helper(config: Mapping[str, Any], host: str) -> str | None:
    helpers = config.get("credHelpers")
    own = {_host(key): name for key, name in helpers.items()} if isinstance(helpers, dict) else {}
    name = own.get(_host(host), config.get("credsStore"))
    return name if isinstance(name, str) and HELPER_NAME.fullmatch(name) else None


def _host(key: str) -> str:
    """Bring a key of config.json (`https://index.docker.io/v1/`, `https://ghcr.io`, `ghcr.io`) to its registry."""
    host = key.removeprefix("https://").removeprefix("http://").partition("/")[0].lower()
    return "docker.io" if host in HUB_HOSTS else host


def _from_helper(name: str, host: str) -> Credential | None:
    """Run `docker-credential-NAME get`: the address goes in as text, ServerURL, Username and Secret come back."""
    address = HUB_KEY if _host(host) == "docker.io" else host
    # a helper is the operator's own program and may need any variable (AWS_PROFILE, the session bus); ours it may not
    hidden = secret_variables()
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    try:
        done = run([f"docker-credential-{name}", "get"], cwd=Path("/"), timeout=HELPER_SECONDS, env=env, stdin=address)
        said = json.loads(done.stdout) if done.code == 0 else None
    except (BotError, OSError, ValueError):
        return None
    return _credential(said.get("Username"), said.get("Secret")) if isinstance(said, dict) else None


def _from_auths(config: Mapping[str, Any], host: str, path: Path) -> Credential | None:
    auths = config.get("auths")
    for key, entry in sorted(auths.items()) if isinstance(auths, dict) else ():
        if _host(key) == _host(host) and isinstance(entry, dict):
            username, password = _decoded(entry, key, path)
            if (found := _credential(username, password)) is not None:
                return found
    return None


def _decoded(entry: Mapping[str, Any], key: str, path: Path) -> tuple[object, object]:
    """Read `auth`, the base64 of `username:password`, or the two fields themselves."""
    auth = entry.get("auth")
    if not auth:
        return entry.get("username"), entry.get("password")
    try:
        username, colon, password = base64.b64decode(str(auth), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise _broken(path, f"`auth` of {key} is not base64") from error
    if not colon:
        raise _broken(path, f"`auth` of {key} is not username:password")
    return username, password.strip("\0")


def _credential(username: object, password: object) -> Credential | None:
    """Make a credential of two non-empty texts; anything else is none."""
    if not (isinstance(username, str) and isinstance(password, str) and username and password):
        return None
    known_login("" if username == TOKEN_USER else username, password)
    return None if username == TOKEN_USER else Credential(username=username, password=Secret(password))
