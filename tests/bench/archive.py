"""What the archive check costs: time, peak memory, bytes and requests, each in a process of its own.

Usage: python tests/bench/archive.py. The root is the old one of tests/rig/debian_images.py, the archives are real.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.adapters.archives.debian import DebianArchive
from bot.model.contents import ArchiveAnswer, ImageContents, SourceMove
from bot.system.http import Answer, Http
from tests.rig.debian_images import contents, debian_images

CASES = {
    "full": "waiting, three suites",
    "again": "waiting, three suites, unchanged",
    "security": "waiting, security suite",
    "security-again": "waiting, security suite, unchanged",
    "told": "told, all that waits",
    "told-again": "told, all that waits, kept",
}


class CountingHttp(Http):
    """Counts the bytes of bodies, as they are handed on."""

    body_bytes = 0

    def get(self, *arguments: Any, **options: Any) -> Answer:
        answer = super().get(*arguments, **options)
        self.body_bytes += len(answer.body)
        return answer

    def download(self, url: str, target: Path, **options: Any) -> Answer:
        answer = super().download(url, target, **options)
        self.body_bytes += target.stat().st_size
        return answer

    def stream(self, url: str, reader: Callable[[Iterator[bytes]], None], **options: Any) -> Answer:
        def counted(chunks: Iterator[bytes]) -> Iterator[bytes]:
            for chunk in chunks:
                self.body_bytes += len(chunk)
                yield chunk

        return super().stream(url, lambda chunks: reader(counted(chunks)), **options)


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))
        return
    debian_images()
    with tempfile.TemporaryDirectory() as name:
        for case, text in CASES.items():
            folder = Path(name) / ("full" if case == "again" else case.removesuffix("-again"))
            argv = [sys.executable, __file__, case, str(folder)]
            figures = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)
            print(f"{text:36}", "  ".join(f"{key} {value}" for key, value in figures.items()))


def measured(case: str, folder: Path) -> dict[str, object]:
    images = debian_images()
    image = contents(images.old, images.security() if case.startswith("security") else images.full)
    before = peak()
    with CountingHttp() as http:
        archive = DebianArchive(http, folder)
        started = time.perf_counter()
        answer = archive.waiting(image, datetime.now(UTC))
        assert not answer.unreadable, answer
        found: dict[str, object] = {
            "packages": len(answer.waiting),
            "security": sum(one.security for one in answer.waiting),
        }
        requests, received = 0, 0
        if case.startswith("told"):
            requests, received, started = http.requests, http.body_bytes, time.perf_counter()
            found = told(archive, image, answer)
        seconds = round(time.perf_counter() - started, 2)
        cost = {"requests": http.requests - requests, "kB": (http.body_bytes - received) // 1000, "seconds": seconds}
    return {**found, **cost, "MB at start": before, "MB at peak": peak()}


def told(archive: DebianArchive, image: ImageContents, answer: ArchiveAnswer) -> dict[str, object]:
    moves = {SourceMove(source=one.source, old=one.current_source, new=one.available_source) for one in answer.waiting}
    found = archive.told(image, sorted(moves, key=lambda move: move.source), datetime.now(UTC)).values()
    read = sum(one.changelog for one in found)
    return {"sources": len(moves), "changelogs": read, "ids": len({name for one in found for name in one.ids})}


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
