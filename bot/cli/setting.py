"""From options to what is wired: which configuration, which data folder, which log."""

import logging
import os
from datetime import datetime
from pathlib import Path

import platformdirs

from bot.cli.options import Common
from bot.cli.progress import progress
from bot.errors import ConfigError
from bot.settings import Settings, read
from bot.system import logs
from bot.system.clock import fixed_clock, system_clock
from bot.wiring.known import make_known
from bot.wiring.order import Order

PLACES = ("config/quarterdeck.toml", "/etc/quarterdeck/quarterdeck.toml")
VARIABLE = "QUARTERDECK_CONFIG"


def ordered(
    common: Common, moment: datetime | None, *, rehearsal: bool, level: int = logging.WARNING
) -> tuple[Path | None, Order]:
    """Read the configuration, set logging up, and say what is to be wired; with the configuration's path, if any."""
    set_up_logging(common, level)
    path = configuration_path(common)
    settings = load(path) if path else Settings()
    make_known(settings)
    order = Order(
        settings=settings,
        data_dir=data_dir(common, settings),
        home=Path.home(),
        clock=fixed_clock(moment) if moment else system_clock,
        progress=progress(wanted=not common.no_progress),
        rehearsal=rehearsal,
    )
    return path, order


def configuration_path(common: Common) -> Path | None:
    """Find the configuration: the option, the variable, then the two usual places; None where there is none.

    Raises ConfigError where the one that was named does not exist.
    """
    named = common.config or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None:
        if not _is_file(named):
            hint = "write one with `quarterdeck config init`, or correct --config"
            raise ConfigError(f"{named} does not exist or is not a file", hint=hint)
        return named
    return next((path for place in PLACES if _is_file(path := Path(place))), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise ConfigError(f"{path} cannot be looked at: {error.strerror}", hint="check its permissions") from error


def load(path: Path) -> Settings:
    """Read a configuration file; raises ConfigError with every mistake."""
    try:
        return read(path.read_text("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 (byte {error.start})", hint="save it as UTF-8") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", hint="check its permissions") from error


def data_dir(common: Common, settings: Settings) -> Path:
    """Give the data folder: the option, the configuration, then the user's own place for data."""
    if common.data_dir is not None:
        return common.data_dir.absolute()
    return Path(settings.data_dir) if settings.data_dir else platformdirs.user_data_path("quarterdeck")


def set_up_logging(common: Common, level: int = logging.WARNING) -> None:
    """Send log lines to stderr: from `level` on, with --verbose everything."""
    logs.set_up(logging.DEBUG if common.verbose else level, as_json=common.log_format == "json")
