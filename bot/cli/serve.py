"""`serve`: the long-lived service."""

import logging
import os
import signal
import sys
import threading
from dataclasses import replace

import click

from bot.cli.options import Common, common_options
from bot.system.signals import Wait, heard


@click.command()
@common_options
def serve(common: Common) -> int:
    """Look after all repositories, for as long as it runs: schedule, webhooks, health and metrics.

    SIGTERM and Ctrl-C end it after what is at work, SIGHUP takes the configuration anew. Everything that is to be done
    is kept in the data folder, and goes on after a restart.
    """
    # heard from here on: a reload that is asked for during the start must not end it
    with heard(signal.SIGTERM, signal.SIGINT, signal.SIGHUP, at_second=_leave) as wait:
        _serve(replace(common, no_progress=True), wait)
    if any(not thread.daemon and thread is not threading.main_thread() for thread in threading.enumerate()):
        sys.stderr.flush()
        os._exit(0)  # a tick that waits for a server is not waited for
    return 0


def _serve(common: Common, wait: Wait) -> None:
    from bot.cli.setting import ordered  # noqa: PLC0415 - keeps --help light
    from bot.service.daemon import serve as run  # noqa: PLC0415
    from bot.wiring.order import Order  # noqa: PLC0415

    def load() -> Order:
        _, order = ordered(common, None, rehearsal=False, level=logging.INFO)
        return replace(order, eager=True)

    run(load(), load, wait)


def _leave(number: signal.Signals) -> None:
    """End at once: somebody asked twice. What is at work is found by the next start."""
    os._exit(128 + number)
