"""What runs the work of many repositories: one line per implementation."""

from collections.abc import Callable, Mapping

from bot.adapters.engines.threads import ThreadEngine
from bot.ports import Engine, Queue
from bot.settings import EngineSettings
from bot.system.clock import system_clock
from bot.system.process import end_all


def engine(settings: EngineSettings, queue: Queue) -> Engine:
    """Give the engine that is configured; tasks go by the real time, whatever `--now` says."""
    return ENGINES[settings.kind](settings, queue)


ENGINES: Mapping[str, Callable[[EngineSettings, Queue], Engine]] = {
    "threads": lambda settings, queue: ThreadEngine(settings.workers, queue, system_clock, interrupt=end_all),
}
