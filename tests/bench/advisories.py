"""What looking up the advisories of many pins costs: time and peak memory, each step in a process of its own.

Usage: python tests/bench/advisories.py [all.zip]. Without a zip all records are made up; with one of real records,
they are filled up with made-up ones. 1,000 repositories with 100 pins each ask about 6,000 different releases.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from bot.adapters.advisories.pins import DumpAdvisories, Feed
from bot.system.http import Http

ADVISORIES, REPOSITORIES, PINS, RELEASES = 17_000, 1_000, 100, 6_000
PACKAGES = 6_000
WEIGHTS = list(accumulate((rank + 1) ** -0.8 for rank in range(PACKAGES)))  # as real ones: some have hundreds, most one
CASES = {"build": "making the compact form", "match": "loading it and matching"}


def main() -> None:
    if len(sys.argv) > 2:
        print(json.dumps(measured(sys.argv[1], Path(sys.argv[2]))))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        real = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        print(f"{'the records':28}", shown(written(folder, real)))
        for case, text in CASES.items():
            argv = [sys.executable, __file__, case, name]
            print(f"{text:28}", shown(json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)))


def measured(case: str, folder: Path) -> dict[str, object]:
    feed = Feed(ecosystem="PyPI", url=(folder / "all.zip").as_uri(), configured=True)
    questions = json.loads((folder / "questions.json").read_text()) if case == "match" else []
    repositories = [
        random.Random(number).choices(questions, k=PINS) for number in range(REPOSITORIES if questions else 0)
    ]
    before, started, cpu = peak(), time.perf_counter(), time.process_time()
    with Http() as http, DumpAdvisories(http, [feed], folder / "kept", lambda: datetime.now(UTC)) as advisories:
        advisories.affecting("nobody-has-this", "1.0")
        loaded = time.perf_counter()
        rows = sum(len(advisories.affecting(*pin)) for pins in repositories for pin in pins)
        done, cpu = time.perf_counter(), time.process_time() - cpu
        (state,) = advisories.feeds
    assert not state.problem, state
    sizes = sum(path.stat().st_size for path in (folder / "kept").iterdir())
    found: dict[str, object] = {
        "advisories": state.records,
        "kB on disk": sizes // 1000,
        "load s": round(loaded - started, 3),
    }
    if questions:
        found |= {"pins": REPOSITORIES * PINS, "rows": rows, "match s": round(done - loaded, 2)}
    return {**found, "CPU s in all": round(cpu, 2), "MB at start": before, "MB at peak": peak()}


def written(folder: Path, real: Path | None) -> dict[str, object]:
    """Write the zip and the releases to ask about."""
    source = random.Random(7)
    releases: dict[str, list[str]] = {}
    count = 0
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for text in filled_up(real, source):
            archive.writestr(f"{count}.json", text)
            count += 1
            for row in json.loads(text)["affected"]:
                releases.setdefault(row["package"]["name"], []).extend(row.get("versions", [])[-3:])
    names = [name for name, versions in sorted(releases.items()) if versions]
    asked = sorted({(name, source.choice(releases[name])) for name in source.choices(names, k=RELEASES // 2)})
    asked += [(f"harmless-{number}", f"{number % 7}.{number % 11}") for number in range(RELEASES - len(asked))]
    (folder / "questions.json").write_text(json.dumps(asked))
    return {"advisories": count, "packages": len(releases), "releases asked about": len(asked)}


def filled_up(real: Path | None, source: random.Random) -> Iterator[str]:
    """Give real records as they are, then made-up ones like them."""
    count = 0
    if real is not None:
        with zipfile.ZipFile(real) as archive:
            for name in archive.namelist():
                yield archive.read(name).decode()
                count += 1
    for number in range(count, ADVISORIES):
        yield json.dumps(made_up(number, source))


def made_up(number: int, source: random.Random) -> dict[str, Any]:
    """Make a record of one of some thousand packages."""
    package = f"package-{source.choices(range(PACKAGES), cum_weights=WEIGHTS)[0]}"
    fixes = {major: source.randrange(1, 40) for major in sorted(source.sample(range(12), source.choice([1, 1, 2, 3])))}
    events = [
        event for major, fix in fixes.items() for event in ({"introduced": f"{major}.0"}, {"fixed": f"{major}.{fix}"})
    ]
    kind = source.choice(["PYSEC-2026-{}", "GHSA-{:04d}-aaaa-bbbb"])
    aliased = number - source.randrange(1, 50) if source.random() < 0.4 else number
    return {
        "id": kind.format(number),
        "modified": "2026-11-01T00:00:00Z",
        "aliases": [f"CVE-2026-{aliased}"],
        "details": "Somebody can do something that nobody wants. " * 20,
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
        if number % 3
        else [],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
                "versions": [f"{major}.{minor}" for major, fix in fixes.items() for minor in range(fix)],
            }
        ],
    }


def shown(figures: dict[str, object]) -> str:
    return "  ".join(f"{key} {value}" for key, value in figures.items())


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
