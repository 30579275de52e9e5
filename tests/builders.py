"""Builders of values for tests: sensible defaults, and the one thing that a test is about."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from bot.decide.calendar import Due
from bot.decide.plan import Situation
from bot.model.change import Change, FileText, ImageChange, PinChange, StampChange
from bot.model.contents import Advisory, ChangeKind, ImageContents, ImageDiff, Lifetime, SourceChange, Support
from bot.model.findings import Accepted, VulnerablePin
from bot.model.flaws import Fixed, Remaining
from bot.model.images import ImageLook, ImageName, ImageUse, Span, UpgradeLayer
from bot.model.locks import Lock, LockerName, Pin
from bot.model.observed import Difference, ImageState, Inspection, Target
from bot.model.packages import OsRelease, Package, PackageFormat
from bot.model.plan import Rebuild, Relock, Step, UpgradeAll
from bot.model.policy import Policy, Schedule, Severity, Trigger
from bot.model.proposal import Marks, Proposal, State
from bot.model.reasons import Reason
from bot.model.repository import Repository
from bot.model.runs import Outcome, RunRecord
from bot.model.snapshot import Snapshot

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OLD = "sha256:" + "1" * 64
NEW = "sha256:" + "2" * 64


def a_pin(name: str = "django", version: str = "4.2.15", **fields: Any) -> Pin:
    values: dict[str, Any] = {"line": 7, "via": ("-r requirements.in",), **fields}
    return Pin(name=name, version=version, **values)


def a_lock(path: str = "requirements.txt", **fields: Any) -> Lock:
    values: dict[str, Any] = {
        "locker": LockerName.PIP_TOOLS,
        "command": "pip-compile requirements.in",
        "arguments": (),
        "directory": "",
        "sources": ("requirements.in",),
        "inputs": (),
        "after": (),
        "python": "3.11",
        "python_from": "lock header",
        "pins": (a_pin(),),
        **fields,
    }
    return Lock(path=path, **values)


def an_image(tag: str = "3.12-slim", digest: str | None = None, **fields: Any) -> ImageUse:
    name = ImageName(registry="docker.io", repository="library/python", tag=tag, digest=digest)
    values: dict[str, Any] = {
        "path": "Dockerfile", "line": 1, "platform": None, "digest_span": Span(start=20, end=20), **fields,
    }  # fmt: skip
    return ImageUse(reference=f"python:{tag}" + (f"@{digest}" if digest else ""), name=name, **values)


def a_look(use: ImageUse, digest: str = NEW) -> ImageLook:
    return ImageLook(name=replace(use.name, digest=None), digest=digest, observed_at=NOW, source="registry")


def a_package(name: str = "libssl3", version: str = "3.0.11-1", source: str = "openssl", **fields: Any) -> Package:
    values: dict[str, Any] = {"source_version": version, "architecture": "amd64", **fields}
    return Package(name=name, version=version, source=source, **values)


def some_contents(digest: str = NEW, **fields: Any) -> ImageContents:
    values: dict[str, Any] = {
        "platform": "linux/amd64", "os": OsRelease(id="debian", version="12", codename="bookworm"),
        "format": PackageFormat.DEB, "packages": (a_package(),), "python": "3.12.9", "created": None, **fields,
    }  # fmt: skip
    return ImageContents(digest=digest, **values)


def a_source_change(
    source: str = "openssl", old: str = "3.0.11-1", new: str = "3.0.13-1", **fields: Any
) -> SourceChange:
    values: dict[str, Any] = {"packages": ("libssl3",), "kind": ChangeKind.SECURITY, **fields}
    return SourceChange(source=source, old=old, new=new, **values)


def an_advisory(name: str = "CVE-2026-1", severity: Severity = Severity.HIGH, **fields: Any) -> Advisory:
    return Advisory(id=name, severity=severity, **fields)


def a_vulnerable_pin(*advisories: Advisory, **fields: Any) -> VulnerablePin:
    values: dict[str, Any] = {
        "path": "requirements.txt", "line": 7, "name": "django", "version": "4.2.15", "direct": True, "via": (),
        "fixed_in": "4.2.16", "why": "requirements.in asks for it", **fields,
    }  # fmt: skip
    return VulnerablePin(advisories=advisories or (an_advisory(),), **values)


def an_accepted(**fields: Any) -> Accepted:
    values: dict[str, Any] = {
        "path": "requirements.txt", "line": 7, "name": "django", "version": "4.2.15", "advisory": an_advisory(),
        "until": date(2027, 1, 31), "reason": "not reachable: we never parse XML", **fields,
    }  # fmt: skip
    return Accepted(**values)


def a_record(name: str = "acme/web", **fields: Any) -> RunRecord:
    values: dict[str, Any] = {
        "asked": Trigger.AUTO, "started_at": NOW, "finished_at": NOW, "outcome": Outcome.PLANNED,
        "snapshot": a_snapshot(), **fields,
    }  # fmt: skip
    return RunRecord(repository=Repository(name=name, url=f"https://example.org/{name}.git"), **values)


def a_diff(*sources: SourceChange, **fields: Any) -> ImageDiff:
    values: dict[str, Any] = {
        "old": some_contents(OLD), "new": some_contents(NEW), "added": (), "removed": (), **fields,
    }  # fmt: skip
    return ImageDiff(sources=sources, **values)


def a_target(digest: str = NEW, *diffs: ImageDiff, **fields: Any) -> Target:
    return Target(digest=digest, differences=tuple(Difference(diff=diff) for diff in diffs), **fields)


def a_state(use: ImageUse | None = None, *, diffs: tuple[ImageDiff, ...] = (), **fields: Any) -> ImageState:
    """Give a mention that is pinned to OLD and whose tag points to NEW, which has stood long enough."""
    use = use or an_image(digest=OLD)
    newest = a_target(NEW, *diffs)
    values: dict[str, Any] = {
        "look": a_look(use), "moved": use.name.digest not in {None, NEW}, "newest": newest, "settled": newest, **fields,
    }  # fmt: skip
    return ImageState(use=use, **values)


def an_inspection(*updates: SourceChange, **fields: Any) -> Inspection:
    values: dict[str, Any] = {"contents": some_contents(), **fields}
    return Inspection(updates=updates, **values)


def a_lifetime(product: str = "debian", release: str = "11", **fields: Any) -> Lifetime:
    values: dict[str, Any] = {"date": date(2026, 8, 31), "state": Support.ENDED, **fields}
    return Lifetime(product=product, release=release, **values)


def an_upgrade_layer(stamp: str = "", **fields: Any) -> UpgradeLayer:
    values: dict[str, Any] = {"path": "Dockerfile", "base_line": 1, "line": 2, "manager": "apt", **fields}
    return UpgradeLayer(stamp=stamp, **values)


def a_stamp_change(*updates: SourceChange, **fields: Any) -> StampChange:
    values: dict[str, Any] = {
        "path": "Dockerfile", "line": 2, "name": "python:3.12-slim", "old": "", "new": "2026-11-24.0badcafe",
        "inserted": False, "why": (a_reason("fixes wait in the archive", "archive-ahead"),), **fields,
    }  # fmt: skip
    return StampChange(updates=updates, **values)


def a_snapshot(**fields: Any) -> Snapshot:
    values: dict[str, Any] = {
        "repository": "acme/web", "url": "https://example.org/acme/web.git", "branch": "main", "commit": "c" * 40,
        "locks": (a_lock(),), "requirements": (), "images": (), "unreadable": (), **fields,
    }  # fmt: skip
    return Snapshot(**values)


def a_situation(**fields: Any) -> Situation:
    values: dict[str, Any] = {
        "snapshot": a_snapshot(), "images": (), "calendar": Due(quarter="2026q4", since=None),
        "open_quarters": frozenset(), "policy": Policy(), "schedule": Schedule(), "now": NOW, **fields,
    }  # fmt: skip
    return Situation(**values)


def a_reason(text: str = "acme/web was never rebuilt before", code: str = "never-rebuilt") -> Reason:
    return Reason(code=code, subject="2026q4", text=text)


def a_rebuild(**fields: Any) -> Rebuild:
    relock = Relock(lock=a_lock(), movement=UpgradeAll(), uploaded_before=None)
    values: dict[str, Any] = {
        "trigger": Trigger.QUARTERLY, "branch": "quarterdeck/quarterly-2026q4", "quarter": "2026q4",
        "steps": (Step(action=relock, why=(a_reason(),)),), "why": (a_reason(),), **fields,
    }  # fmt: skip
    return Rebuild(**values)


def a_pin_change(
    name: str = "django", old: str | None = "4.2.15", new: str | None = "4.2.30", **fields: Any
) -> PinChange:
    values: dict[str, Any] = {
        "path": "requirements.txt", "direct": True, "via": (), "major": False, "why": (a_reason(),), **fields,
    }  # fmt: skip
    return PinChange(name=name, old=old, new=new, **values)


def an_image_change(**fields: Any) -> ImageChange:
    values: dict[str, Any] = {
        "path": "Dockerfile", "line": 1, "name": "python:3.12-slim", "old": OLD, "new": NEW,
        "why": (a_reason("python:3.12-slim points to another image than the one pinned", "moved-digest"),), **fields,
    }  # fmt: skip
    return ImageChange(**values)


def a_change(**fields: Any) -> Change:
    values: dict[str, Any] = {
        "files": (FileText(path="requirements.txt", data=b"django==4.2.30\n"),), "pins": (a_pin_change(),), **fields,
    }  # fmt: skip
    return Change(**values)


def some_marks(**fields: Any) -> Marks:
    values: dict[str, Any] = {
        "trigger": Trigger.QUARTERLY, "quarter": "2026q4", "content": "a" * 32, "files": "b" * 32, "base": "c" * 40,
        **fields,
    }  # fmt: skip
    return Marks(**values)


def a_proposal(number: int = 1, **fields: Any) -> Proposal:
    values: dict[str, Any] = {
        "url": f"https://example.org/pull/{number}", "branch": "quarterdeck/quarterly-2026q4",
        "title": "t", "body": "b",
        "state": State.OPEN, "head": "d" * 40, "marks": some_marks(), **fields,
    }  # fmt: skip
    return Proposal(number=number, **values)


def some_fixed(advisory: str = "PYSEC-2026-1", /, **fields: Any) -> Fixed:
    values: dict[str, Any] = {
        "advisory": an_advisory(advisory), "path": "requirements.txt", "name": "django", "old": "4.2.15", "new": "4.2.16",
        "direct": True, "via": (), **fields,
    }  # fmt: skip
    return Fixed(**values)


def some_remaining(advisory: str = "PYSEC-2026-9", /, **fields: Any) -> Remaining:
    values: dict[str, Any] = {
        "advisory": an_advisory(advisory), "path": "requirements.txt", "name": "jinja2", "version": "3.1.2",
        "why": a_reason("no release of jinja2 fixes it yet", "no-fix"), **fields,
    }  # fmt: skip
    return Remaining(**values)
