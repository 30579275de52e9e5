"""What pip is configured to use on this machine, and the own pip.conf that resolver children get instead.

Files and precedence as in pip's user guide, "Configuration": global, user and environment files, then the file that
PIP_CONFIG_FILE names (it stands in for the user's), then PIP_* variables; `[install]` goes before `[global]`.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from configparser import Error, RawConfigParser
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from bot.errors import ConfigError, StoreError
from bot.system.redaction import known_address
from bot.system.urls import origin

SYSTEM_FOLDER = "/etc"
SECTIONS = ("global", "install", ":env:")
ALIASES = {"default-timeout": "timeout", "pypi-url": "index-url"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PipConfiguration:
    """The settings that decide what resolves and how the index is reached; everything else is left behind.

    `index_url` None means pip's own default; only http and https addresses are here, as a lock made from this
    machine's folders (`file://`, find-links) could not be made again elsewhere. Addresses and the proxy may hold
    passwords, so they are not shown. `cert` is an absolute path, `timeout` in seconds.
    """

    index_url: str | None = field(default=None, repr=False)
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    cert: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    proxy: str | None = field(default=None, repr=False)
    timeout: float | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """All index addresses, the main one first; pip's default where none is configured."""
        return (self.index_url or default_index_url(), *self.extra_index_urls)


def default_index_url() -> str:
    """Give the index that pip uses where nothing is configured."""
    # pip is asked, so that a distribution's patched default holds here too; imported late, as it sets up logging.
    from pip._internal.models.index import PyPI  # noqa: PLC0415

    return str(PyPI.simple_url)


def pip_configuration() -> PipConfiguration:
    """Read pip's configuration as `pip install` of this interpreter would.

    Raises ConfigError where a file cannot be read or a timeout is no number: pip would stop there as well.
    """
    values = _effective([*(_file_values(path) for path in _files()), _environment_values()])
    for address in (*values.get("index-url", "").split(), *values.get("extra-index-url", "").split()):
        known_address(address)
    if "proxy" in values:
        proxy = values["proxy"]
        known_address(proxy if "://" in proxy else f"http://{proxy}")
    main = _reachable(values.get("index-url", "").split())
    return PipConfiguration(
        index_url=main[0] if main else None,
        extra_index_urls=_reachable(values.get("extra-index-url", "").split()),
        cert=str(Path(values["cert"]).expanduser().absolute()) if "cert" in values else None,
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
        proxy=values.get("proxy"),
        timeout=_seconds(values["timeout"]) if "timeout" in values else None,
    )


def write_pip_conf(path: Path, configuration: PipConfiguration) -> None:
    """Write a pip.conf (mode 0600) that says this and nothing else; raises StoreError where that is impossible."""
    parser = RawConfigParser()
    parser["global"] = dict(_settings(configuration))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, 0o600)
            parser.write(file)
    except OSError as error:
        raise StoreError(f"{path.name} cannot be written: {error.strerror}", hint="check the data folder") from error


def _settings(configuration: PipConfiguration) -> Iterator[tuple[str, str]]:
    yield "disable-pip-version-check", "true"
    yield "no-input", "true"
    if configuration.index_url:
        yield "index-url", configuration.index_url
    if configuration.extra_index_urls:
        yield "extra-index-url", " ".join(configuration.extra_index_urls)
    if configuration.cert:
        yield "cert", configuration.cert
    if configuration.trusted_hosts:
        yield "trusted-host", " ".join(configuration.trusted_hosts)
    if configuration.proxy:
        yield "proxy", configuration.proxy
    if configuration.timeout is not None:
        yield "timeout", f"{configuration.timeout:g}"


def _files() -> Iterator[Path]:
    """Name the files that may exist, the weakest first."""
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    shared = platformdirs.site_config_dir("pip", appauthor=False, multipath=True).split(os.pathsep)
    for folder in (*shared, SYSTEM_FOLDER):
        yield Path(folder, "pip.conf")
    if not (named and Path(named).exists()):
        yield Path("~/.pip/pip.conf").expanduser()
        yield Path(platformdirs.user_config_dir("pip", appauthor=False), "pip.conf")
    yield Path(sys.prefix, "pip.conf")
    if named:
        yield Path(named)


def _file_values(path: Path) -> Iterator[tuple[str, str, str]]:
    """Give (section, key, value) of a file, nothing where it does not exist."""
    parser = RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (Error, UnicodeDecodeError, OSError) as error:
        why = " ".join(str(error).split())
        raise ConfigError(f"pip's configuration cannot be read: {path}: {why}", hint="mend that file") from error
    for section in parser.sections():
        for key, value in parser.items(section):
            yield section, key, value


def _environment_values() -> Iterator[tuple[str, str, str]]:
    for name, value in os.environ.items():
        if name.startswith("PIP_"):
            yield ":env:", name.removeprefix("PIP_"), value


def _effective(sources: Iterable[Iterable[tuple[str, str, str]]]) -> Mapping[str, str]:
    """Let later sources win within a section, then later sections; an empty value says nothing, as for pip."""
    sections: dict[str, dict[str, str]] = {name: {} for name in SECTIONS}
    for source in sources:
        for section, key, value in source:
            if section in sections:
                name = key.lower().replace("_", "-").removeprefix("--")
                sections[section][ALIASES.get(name, name)] = value.strip()
    return {key: value for values in sections.values() for key, value in values.items() if value}


def _reachable(addresses: Iterable[str]) -> tuple[str, ...]:
    return tuple(address for address in addresses if _is_web_address(address))


def _is_web_address(address: str) -> bool:
    try:
        origin(address)
    except ValueError:
        return False
    return True


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"pip's timeout is no number: {text}", hint="see `pip config list`") from error
