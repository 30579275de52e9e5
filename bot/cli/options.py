"""Options that every command has; they may stand before or after the command's name."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """The common options as given; None and False mean that they were not."""

    config: Path | None = None
    data_dir: Path | None = None
    json: bool = False
    log_format: str | None = None
    verbose: bool = False
    no_progress: bool = False

    def under(self, outer: "Common | None") -> "Common":
        """Take what is not given here from the options before the command's name."""
        if outer is None:
            return self
        missing = {field.name: getattr(outer, field.name) for field in fields(self) if not getattr(self, field.name)}
        return replace(self, **missing)


OPTIONS = (
    click.option("--config", type=click.Path(path_type=Path), metavar="FILE",
                 help="Configuration (default: $QUARTERDECK_CONFIG, ./config/quarterdeck.toml, "
                      "/etc/quarterdeck/quarterdeck.toml)."),
    click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
                 help="Where clones, caches and the database are kept."),
    click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout and nothing else."),
    click.option("--log-format", type=click.Choice(["text", "json"]), help="How log lines on stderr look."),
    click.option("--verbose", "-v", is_flag=True, help="Log what is being done."),
    click.option("--no-progress", is_flag=True, help="Show no progress on stderr."),
)  # fmt: skip


def common_options(function: Function) -> Function:
    """Add the common options to a command, which gets them as `common`."""

    @functools.wraps(function)
    def wrapper(*args: Any, as_json: bool, **options: Any) -> Any:
        own = {field.name: options.pop(field.name) for field in fields(Common) if field.name != "json"}
        context = click.get_current_context()
        outer = context.find_object(Common)
        return function(*args, common=Common(json=as_json, **own).under(outer), **options)

    decorated: Any = wrapper
    for option in reversed(OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]
