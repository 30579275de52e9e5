"""CPU seconds of starting the command line: `python tests/bench/start.py`; the median of five runs of each."""

import os
import statistics
import subprocess
import sys

COMMANDS = {
    "quarterdeck --version": ["-c", "from bot.cli import main; main(['--version'])"],
    "import bot.cli": ["-c", "import bot.cli"],
    "an empty Python, to compare": ["-c", ""],
}


def cpu(arguments: list[str]) -> float:
    """Give user and system seconds of one child."""
    before = os.times()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    for name, arguments in COMMANDS.items():
        print(f"{name:32}{statistics.median(cpu(arguments) for _ in range(5)):6.2f} s CPU")
