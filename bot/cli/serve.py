"""`serve`: the long-lived service."""

import logging
import os
import sys
import threading
from dataclasses import replace

import click

from bot.cli.options import Common, common_options


@click.command()
@common_options
def serve(common: Common) -> int:
    """Look after all repositories, for as long as it runs: schedule, webhooks, health and metrics.

    SIGTERM and Ctrl-C end it after what is at work, SIGHUP takes the configuration anew. Everything that is to be done
    is kept in the data folder, and goes on after a restart.
    """
    from bot.cli.setting import ordered  # noqa: PLC0415 - keeps --help light
    from bot.service.daemon import serve as run  # noqa: PLC0415
    from bot.wiring.order import Order  # noqa: PLC0415

    quiet = replace(common, no_progress=True)

    def load() -> Order:
        _, order = ordered(quiet, None, rehearsal=False, level=logging.INFO)
        return replace(order, eager=True)

    run(load(), load)
    if any(not thread.daemon and thread is not threading.main_thread() for thread in threading.enumerate()):
        sys.stderr.flush()
        os._exit(0)  # a tick that waits for a server is not waited for
    return 0
