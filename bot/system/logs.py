"""Log lines: one for each event, with the fields of the run they belong to, without secrets and without tricks.

Code logs with `logging.getLogger(__name__)`; `bound` says what the lines of a thread are about. Lines of libraries
come from level WARNING on; what they say below that (requests with their headers, statements with their values) is
never shown.
"""

import contextlib
import logging
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextvars import ContextVar, copy_context
from functools import cached_property
from types import TracebackType
from typing import Any, Final, ParamSpec, TextIO, TypeVar

from bot.system.redaction import redacted_values
from bot.system.terminal import visible

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

ROOT: Final = "bot"
FIRST: Final = ("timestamp", "level", "event", "logger", "run", "repository", "trigger", "task")
SILENT: Final = ("httpcore", "httpx", "urllib3", "github", "git", "requests", "sqlalchemy", "alembic", "apprise", "pip",
                 "waitress", "werkzeug", "apscheduler", "asyncio")  # fmt: skip
FRAMES: Final = ("exception", "stack")

_FIELDS: ContextVar[Mapping[str, object]] = ContextVar("fields", default={})  # noqa: B039 - it is never changed


def set_up(level: int, *, as_json: bool, stream: TextIO | None = None) -> None:
    """Send log lines to `stream` (None: what stderr is at that time); ours from `level` on.

    It may be called again, and then replaces what it did before. Handlers of others stay. Warnings of Python and of
    libraries become lines as well.
    """
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Handler)]:
        root.removeHandler(handler)
    root.addHandler(_Handler(stream, _Formatter(as_json=as_json)))
    logging.getLogger(ROOT).setLevel(level)
    for name in SILENT:
        library = logging.getLogger(name)
        library.setLevel(max(logging.WARNING, library.level))


@contextlib.contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Put fields into every line of this thread while the block runs: run, repository, trigger, task."""
    token = _FIELDS.set({**_FIELDS.get(), **fields})
    try:
        yield
    finally:
        _FIELDS.reset(token)


def carried(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Give `work` as another thread may call it: its lines carry the fields that are bound here and now."""
    context = copy_context()
    return lambda *args, **options: context.copy().run(work, *args, **options)


def new_run_id() -> str:
    """Give a name for one run of one repository: 14 hex digits, later ones sort after earlier ones."""
    return f"{int(time.time()):08x}{secrets.token_hex(3)}"


class _Handler(logging.Handler):
    """Writes a line, and says so where one cannot be written, without a word of what it was about."""

    def __init__(self, stream: TextIO | None, formatter: logging.Formatter) -> None:
        super().__init__()
        self._stream = stream
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record))
        except Exception:  # noqa: BLE001 - logging's own contract: a line never stops the work that it is about
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Stand in for logging's own, which prints the arguments as they are."""
        with contextlib.suppress(OSError, ValueError):
            self._write(f"a line of {record.name} (line {record.lineno}) could not be logged")

    def _write(self, line: str) -> None:
        stream = self._stream or sys.stderr
        stream.write(f"{line}\n")
        stream.flush()


class _Formatter(logging.Formatter):
    """Formats with structlog, which is loaded when there is something to say: most runs say nothing."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """Give one line; in text, a traceback follows it on lines of its own, set in."""
        return self._inner.format(record)

    @cached_property
    def _inner(self) -> logging.Formatter:
        import structlog  # noqa: PLC0415

        processors, stdlib = structlog.processors, structlog.stdlib
        renderer: Any = processors.JSONRenderer()
        if not self._as_json:
            renderer = structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)
        before: list[Any] = [
            stdlib.add_log_level, stdlib.add_logger_name, stdlib.ExtraAdder(), _with_fields,
            processors.TimeStamper(fmt="iso", utc=True),
        ]  # fmt: skip
        after: list[Any] = [
            stdlib.ProcessorFormatter.remove_processors_meta, processors.StackInfoRenderer(),
            processors.format_exc_info, _without_secrets, *(() if self._as_json else (_on_one_line,)), renderer,
        ]  # fmt: skip
        return stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=after)


def _with_fields(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add what is bound; what a line says itself stays."""
    del logger, method
    event.pop("message", None)  # where another handler formatted the line before
    for name, value in _FIELDS.get().items():
        event.setdefault(name, value)
    return event


def _without_secrets(logger: object, method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """Replace secrets in every value, and put the fields that every line has in front."""
    del logger, method
    plain = {name: _plain(value) for name, value in event.items()}
    return {name: plain.pop(name) for name in FIRST if name in plain} | plain


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted_values(value if isinstance(value, str | list | tuple | Mapping) else str(value))


def _on_one_line(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Show what would forge lines or play tricks on a terminal as escapes; a traceback is set in."""
    del logger, method
    return {name: _framed(str(value)) if name in FRAMES else _shown(value) for name, value in event.items()}


def _shown(value: object) -> object:
    return visible(str(value)) if not isinstance(value, bool | int | float | None) else value


def _framed(text: str) -> str:
    return "\n".join(f"    {visible(line)}" for line in text.split("\n"))


def uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Make a line of an error that nobody caught, for Python's hooks, which would print it as it is."""
    if error is None or issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    root = logging.getLogger()
    if not any(isinstance(handler, _Handler) for handler in root.handlers):
        set_up(logging.WARNING, as_json=False)
    logging.getLogger(__name__).critical("an error that Quarterdeck did not expect", exc_info=(kind, error, trace))
