"""`config check`, `config init` and `config schema`."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.options import Common, common_options
from bot.errors import ConfigError

if TYPE_CHECKING:
    from bot.settings import Settings

DEFAULT = Path("config/quarterdeck.toml")


@click.group()
@common_options
@click.pass_context
def config(ctx: click.Context, common: Common) -> None:
    """Check a configuration, write a commented one, or print its JSON Schema."""
    ctx.obj = common


@config.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@common_options
def check(file: Path | None, common: Common) -> int:
    """Check FILE (default: the configuration that would be used); show every mistake with its line."""
    from bot.cli.setting import configuration_path, load  # noqa: PLC0415 - keeps --help light
    from bot.settings import BadSettings, not_acted_on  # noqa: PLC0415

    path = configuration_path(Common(config=file, json=common.json) if file else common)
    if path is None:
        raise ConfigError("there is no configuration to check", hint="write one with `quarterdeck config init`")
    mistakes: list[dict[str, object]] = []
    untellable: tuple[str, ...] = ()
    try:
        untellable = _untellable(load(path))
    except BadSettings as error:
        mistakes = [{"line": m.line, "key": m.key, "message": m.message, "hint": m.hint} for m in error.mistakes]
        if not common.json:
            raise
    unused = not_acted_on(path.read_text("utf-8")) if not mistakes else ()
    if common.json:
        document = {"schema": 1, "file": str(path), "valid": not mistakes, "mistakes": mistakes,
                    "not_acted_on": list(unused), "untellable": list(untellable)}  # fmt: skip
        click.echo(json.dumps(document, indent=2))
        return 2 if mistakes else 0
    click.echo(f"{path}: valid")
    if unused:
        click.echo(f"read, but not acted on by this version yet: {', '.join(unused)}")
    for problem in untellable:
        click.echo(f"nobody can be told there: {problem}")
    return 0


def _untellable(settings: "Settings") -> tuple[str, ...]:
    """Say which targets of messages cannot be told anything, as seen from here: a secret may be elsewhere."""
    if not settings.notify:
        return ()
    from bot.wiring import notices  # noqa: PLC0415 - keeps --help light

    with tempfile.TemporaryDirectory() as folder:
        return notices.check(settings, Path(folder))


@config.command()
@click.argument("file", default=DEFAULT, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
@common_options
def init(file: Path, common: Common, *, force: bool) -> None:
    """Write a commented configuration to FILE (default: config/quarterdeck.toml)."""
    from bot.settings import commented_example  # noqa: PLC0415 - keeps --help light

    if file.exists() and not force:
        raise ConfigError(f"{file} exists already", hint="name another file, or overwrite it with --force")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(commented_example(), "utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}", hint="name a file that can be") from error
    if common.json:
        click.echo(json.dumps({"schema": 1, "file": str(file)}))
    else:
        click.echo(f"wrote {file}; check it with `quarterdeck config check {file}`")


@config.command()
@common_options
def schema(common: Common) -> None:
    """Print the configuration's JSON Schema (draft 2020-12), for editors."""
    from bot.settings import schema as settings_schema  # noqa: PLC0415 - keeps --help light

    del common
    click.echo(json.dumps(settings_schema(), indent=2))
