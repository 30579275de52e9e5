"""Let a service be killed, spoiled and starved while it works on a fleet, and judge what it leaves at the forge.

    .venv/bin/python tests/bench/faults.py [TASKS=500] [--seed N] [--kills 20] [--rate 0.2]

A real `quarterdeck serve` is killed with SIGKILL at random moments and started again, while forge, git and registry
answer a part of the requests with 429, 500 or 503, with silence, with a connection that is dropped, or do what they
were asked and do not say so. In the middle the disk is full for a while: the data folder is a small tmpfs (where
nobody may mount one, that is left out, and said). At the end nothing is spoiled any more, and the service is left alone
until it is idle. Exit code 1 where a repository has no verdict, or a proposal is missing, doubled, or has another content.
"""

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.rig.apart import apart
from tests.rig.trial import FLAW, Trial, fill, small_disk

DISK_MEGABYTES, FULL_SECONDS = 2048, 20.0
SHORTEST, LONGEST_PER_TASK = 1.0, 0.08  # seconds between two kills: some fall into the start
PATIENCE = 3600.0


def main() -> int:
    """Run one trial, and say how it ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=int, nargs="?", default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rate", type=float, default=0.2)
    parser.add_argument("--folder", type=Path, help="where everything is kept; by default a temporary folder")
    words = parser.parse_args()
    with ExitStack() as stack:
        folder = words.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        world = stack.enter_context(apart(folder / "world", seed=words.seed, records=(FLAW,)))
        every = max(20, words.tasks // 2)  # seconds: a fleet that is swept all the time is never idle
        trial = Trial(folder=folder, world=world, count=words.tasks, seed=words.seed, every=every)
        mounted = stack.enter_context(small_disk(trial.daemon.data, DISK_MEGABYTES))
        stack.callback(trial.daemon.__exit__, None, None, None)
        trial.prepare()
        began = time.monotonic()
        endured(trial, words.kills, words.rate, mounted=mounted)
        print(f"left alone after {time.monotonic() - began:.0f} s: {dict(trial.verdicts())}", flush=True)
        trial.daemon.until(trial.is_settled, PATIENCE, pause=1.0)
        return judged(trial, time.monotonic() - began)


def endured(trial: Trial, kills: int, rate: float, *, mounted: bool) -> None:
    """Do everything bad."""
    trial.world.spoil(rate)
    trial.daemon.start(wait=False)
    for number in range(kills):
        if number == kills // 2:
            starved(trial, mounted=mounted)
        trial.kill(SHORTEST, max(5.0, trial.count * LONGEST_PER_TASK))
    trial.world.spoil(0.0)
    trial.daemon.until(trial.daemon.is_alive)


def starved(trial: Trial, *, mounted: bool) -> None:
    """Let the disk be full for a while."""
    if not mounted:
        print("the disk was never full: nobody may mount one here")
        return
    ballast = fill(trial.daemon.data)
    time.sleep(FULL_SECONDS)
    ballast.unlink()
    said = [line for line in trial.daemon.log.splitlines() if "make room" in line]
    print(f"the disk was full for {FULL_SECONDS:.0f} s; the log says so {len(said)} times: {said[:1]}", flush=True)


def judged(trial: Trial, seconds: float) -> int:
    """Print what is to be known, and give the exit code."""
    mistakes = trial.mistakes()
    log = trial.daemon.log
    print(f"{trial.count} repositories, seed {trial.seed}, {trial.kills} kills, {seconds:.0f} s")
    print(f"  requests: {trial.world.spoiled()}")
    print(f"  runs that were kept: {dict(trial.runs())}; last verdicts: {dict(trial.verdicts())}")
    print(f"  tracebacks in the log: {log.count('Traceback')}, unexpected errors: {log.count('InternalError')}")
    print(f"  proposals that are missing, doubled or wrong, branches left over: {len(mistakes)}")
    for one in mistakes[:20]:
        print(f"    {one}")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
