"""SARIF 2.1.0 of runs: what `check --format sarif` prints, for code scanning (OASIS SARIF 2.1.0, errata 01).

Each repository is a run of its own. Bounds are those of GitHub's code scanning ("SARIF support for code scanning").
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.decide.exchange import LONGEST_TEXT, labels, moment, origin
from bot.decide.notices import Notice, notices
from bot.decide.sarif_hits import Hit, hits
from bot.decide.sarif_rules import LEVELS, Rule
from bot.formats.exchange_text import line, relative
from bot.model.runs import RunRecord
from bot.model.snapshot import Snapshot

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
MOST_RESULTS = 25_000  # in one run; a file with more is refused as a whole
LONGEST_MESSAGE = 2 * LONGEST_TEXT
Json = dict[str, object]


def log(runs: Sequence[RunRecord], version: str) -> Json:
    """Give the whole document; `version` is that of Quarterdeck. The same runs always give the same document."""
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [_run(run, label, version) for run, label in zip(runs, labels(runs), strict=True)],
    }


def _run(run: RunRecord, label: str, version: str) -> Json:
    found = sorted(hits(run), key=_order)
    kept = found[:MOST_RESULTS]
    rules = sorted({hit.rule.id: hit.rule for hit in reversed(kept)}.values(), key=lambda rule: rule.id)
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    told = tuple(notices(run, left_out=len(found) - len(kept)))
    named = {name: number for number, name in enumerate(sorted({notice.id for notice in told}))}
    driver = {
        "name": "quarterdeck",
        "version": version,
        "rules": [_rule(rule) for rule in rules],
        "notifications": [{"id": name} for name in named],
    }
    invocation = {
        "executionSuccessful": run.failure is None,
        "startTimeUtc": moment(run.started_at),
        "endTimeUtc": moment(run.finished_at),
        "toolExecutionNotifications": [_notification(notice, named, numbers) for notice in told],
    }
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"quarterdeck/{label}/"},
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        **_provenance(run),
        "invocations": [invocation],
        "results": list(_results(kept, numbers, _home(run.snapshot))),
        "properties": {
            "repository": label,
            "outcome": str(run.outcome),
            **({"commit": run.snapshot.commit} if run.snapshot else {}),
        },
    }


def _order(hit: Hit) -> tuple[int, str, int, str, str]:
    """Put the gravest first, so that what goes over a bound is the least of it."""
    return LEVELS.index(hit.level), hit.path, hit.line, hit.rule.id, hit.text


def _home(snapshot: Snapshot | None) -> str:
    """Give the file that stands for the repository: code scanning refuses results without a place."""
    if snapshot is None:
        return ""
    paths = [lock.path for lock in snapshot.locks] or [use.path for use in snapshot.images]
    return min(paths, default="")


def _provenance(run: RunRecord) -> Json:
    address = origin(run)
    if run.snapshot is None or address is None:
        return {}
    where = {"repositoryUri": address, "revisionId": run.snapshot.commit, "branch": line(run.snapshot.branch, 255)}
    return {"versionControlProvenance": [{**where, "mappedTo": {"uriBaseId": ROOT}}]}


def _rule(rule: Rule) -> Json:
    help_text = f"{rule.full} See {rule.link}" if rule.link else rule.full
    security = {"security-severity": rule.score} if rule.score else {}
    return {
        "id": rule.id,
        **({"name": rule.name} if rule.name else {}),
        "shortDescription": {"text": _spoken(rule.short, LONGEST_TEXT)},
        "fullDescription": {"text": _spoken(rule.full, LONGEST_TEXT)},
        "help": {"text": _spoken(help_text, LONGEST_MESSAGE)},
        **({"helpUri": rule.link} if rule.link else {}),
        "defaultConfiguration": {"level": rule.level},
        "properties": {"tags": list(rule.tags), "precision": "high", **security},
    }


def _results(kept: Iterable[Hit], numbers: Mapping[str, int], home: str) -> Iterator[Json]:
    seen: Counter[str] = Counter()
    for hit in kept:
        path = hit.path or home
        mark = _mark(hit)
        seen[mark] += 1
        yield {
            "ruleId": hit.rule.id,
            "ruleIndex": numbers[hit.rule.id],
            "level": hit.level,
            "message": {"text": _spoken(hit.text, LONGEST_MESSAGE)},
            "locations": [_location(path, hit.line)],
            "partialFingerprints": {"primaryLocationLineHash": f"{mark[:16]}:{seen[mark]}"},
            **_suppressed(hit),
            "properties": dict(hit.facts),
        }


def _mark(hit: Hit) -> str:
    """Give what a result is known by in later runs: neither its line nor the version that is pinned.

    Code scanning heeds `primaryLocationLineHash` alone; with the hash of the line itself every upgrade to another
    vulnerable version would close an alert and open the same one.
    """
    text = f"{hit.rule.id}\n{hit.path}\n{hit.subject}"
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _suppressed(hit: Hit) -> Json:
    if not hit.accepted:
        return {}
    why = line(hit.accepted, LONGEST_TEXT)
    return {"suppressions": [{"kind": "external", "status": "accepted", "justification": why}]}


def _location(path: str, number: int) -> Json:
    artifact = {"uri": relative(path), "uriBaseId": ROOT}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(number, 1)}}}


def _notification(notice: Notice, named: Mapping[str, int], numbers: Mapping[str, int]) -> Json:
    rule = {"associatedRule": {"id": notice.id, "index": numbers[notice.id]}} if notice.id in numbers else {}
    return {
        "descriptor": {"id": notice.id, "index": named[notice.id]},
        "level": notice.level,
        "message": {"text": _spoken(notice.text, LONGEST_MESSAGE)},
        **({"locations": [_location(notice.path, notice.line)]} if notice.path else {}),
        **rule,
    }


def _spoken(text: str, most: int) -> str:
    """Keep text from being read as a link or a placeholder of SARIF's messages (sections 3.11.5 and 3.11.6)."""
    plain = re.sub(r"\{(\d+)\}", r"{{\1}}", line(text, most).replace("](", "] ("))
    return line(plain, most)
