"""Read new locks back: which advisories a rebuild really removes, which remain and why, and what is malware."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.decide import flaws
from bot.errors import AccessDenied, Unavailable
from bot.model.contents import Advisory
from bot.model.flaws import Fixed, FlawedPin, Remaining
from bot.model.locks import Lock, Pin
from bot.model.reasons import Reason
from bot.workflow.context import Tools
from bot.workflow.held import Compiled
from bot.workflow.job import Job
from bot.workflow.together import together

SHOWN = 5  # releases in one sentence
READERS = 8  # questions about pins at a time, where they are asked one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a rebuild fixes and what it does not; `notes` are what could not be told."""

    fixed: tuple[Fixed, ...] = ()
    remaining: tuple[Remaining, ...] = ()
    notes: tuple[Reason, ...] = ()


def malware(tools: Tools, done: Compiled) -> frozenset[tuple[str, str]]:
    """Name the releases that a lock would newly hold and that are known as malware.

    What cannot be asked is not known as malware; the proof then says that it could not be asked.
    """
    before = {(pin.name, pin.version) for pin in done.relock.lock.pins}
    new = [pin for pin in done.pins if (pin.name, pin.version) not in before]
    try:
        rows = together(lambda pin: tools.pins.affecting(pin.name, pin.version), new, readers=READERS)
    except (Unavailable, AccessDenied):
        return frozenset()
    bad = [pin for pin, found in zip(new, rows, strict=True) if any(one.malicious for one in found)]
    return frozenset((pin.name, pin.version) for pin in bad)


def proof(
    tools: Tools, job: Job, compiled: tuple[Compiled, ...], blocked: Mapping[str, tuple[Reason, ...]], now: datetime
) -> Proof:
    """Set the advisories about old pins beside those about new ones, lock by lock."""
    new = {done.relock.lock.path: done.pins for done in compiled}
    judge = _Judge(tools=tools, job=job, now=now, new=new, known=_looked_up(tools, job, new))
    fixed = tuple(row for lock in job.snapshot.locks for row in judge.fixed(lock))
    remaining = tuple(row for lock in job.snapshot.locks for row in judge.remaining(lock, blocked))
    return Proof(fixed=fixed, remaining=remaining, notes=_silent(job, judge.known))


def _looked_up(
    tools: Tools, job: Job, new: Mapping[str, tuple[Pin, ...]]
) -> dict[tuple[str, str], tuple[Advisory, ...] | None]:
    """Look up every release of old and new locks once; None for one that nobody can tell about."""
    pins = [pin for lock in job.snapshot.locks for pin in (*lock.pins, *new.get(lock.path, ()))]
    wanted = sorted({(pin.name, pin.version) for pin in pins})

    def ask(pair: tuple[str, str]) -> tuple[Advisory, ...] | None:
        try:
            found = tools.pins.affecting(*pair)
        except (Unavailable, AccessDenied):
            return None
        return tuple(one for one in found if job.exceptions.of(one, pair[0]) is None)

    return dict(zip(wanted, together(ask, wanted, readers=READERS), strict=True))


def _silent(job: Job, known: Mapping[tuple[str, str], tuple[Advisory, ...] | None]) -> tuple[Reason, ...]:
    names = sorted({f"{name} {version}" for (name, version), found in known.items() if found is None})
    if not names:
        return ()
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
    text = f"whether {shown} are affected by advisories could not be asked"
    return (Reason(code="advisories-silent", subject=job.snapshot.repository, text=text),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Knows the new pins of the locks that were compiled, by path, and the advisories that nobody accepted."""

    tools: Tools
    job: Job
    now: datetime
    new: Mapping[str, tuple[Pin, ...]]
    known: Mapping[tuple[str, str], tuple[Advisory, ...] | None]

    def fixed(self, lock: Lock) -> Iterator[Fixed]:
        """Give what compiling a lock removed; what nobody can tell of a new pin is not taken for fixed."""
        after: dict[str, list[Pin]] = {}
        for pin in self.new.get(lock.path, lock.pins):
            after.setdefault(pin.name, []).append(pin)
        seen: set[tuple[str, str]] = set()
        for pin in lock.pins:
            standing = after.get(pin.name, [])
            rows = [self.known[other.name, other.version] for other in standing]
            if any(found is None for found in rows):
                continue
            still = tuple(one for found in rows for one in found or ())
            for advisory in flaws.removed(self.known[pin.name, pin.version] or (), still):
                if (pin.name, advisory.id) not in seen:
                    seen.add((pin.name, advisory.id))
                    yield self._row(lock, pin, standing, advisory)

    def _row(self, lock: Lock, pin: Pin, standing: list[Pin], advisory: Advisory) -> Fixed:
        forked = (one for one in standing if one.marker == pin.marker)
        new = next(forked, standing[0]) if standing else None
        shown = new or pin
        return Fixed(
            advisory=advisory, path=lock.path, name=pin.name, old=pin.version, new=new.version if new else None,
            direct=shown.direct, via=tuple(sorted({entry for entry in shown.via if " " not in entry})),
            days=self._days(new) if new else None,
        )  # fmt: skip

    def _days(self, pin: Pin) -> int | None:
        """Give the age of a release in days, None where its index does not say."""
        try:
            releases = self.tools.index.releases(pin.name)
        except (Unavailable, AccessDenied):
            return None  # the age is an extra; the lock itself was just compiled from that index
        release = next((one for one in releases if one.version == pin.version), None)
        uploaded = release.uploaded_at if release else None
        return max(0, (self.now - uploaded).days) if uploaded else None

    def remaining(self, lock: Lock, blocked: Mapping[str, tuple[Reason, ...]]) -> Iterator[Remaining]:
        """Give what stays about a lock as it will be, and why."""
        known = {one.pin.name: one for one in self.job.flawed if one.path == lock.path}
        said = {reason.subject: reason for reason in blocked.get(lock.path, ())}
        for pin in self.new.get(lock.path, lock.pins):
            for advisory in self.known[pin.name, pin.version] or ():
                why = said.get(pin.name) or self._why(pin, advisory, known.get(pin.name))
                yield Remaining(advisory=advisory, path=lock.path, name=pin.name, version=pin.version, why=why)

    def _why(self, pin: Pin, advisory: Advisory, known: FlawedPin | None) -> Reason:
        if known is not None and known.obstacle is not None:
            return known.obstacle
        if known is None and advisory.fixed_in:
            text = f"{advisory.fixed_in} fixes it, and this rebuild does not bring it"
            return Reason(code="not-brought", subject=pin.name, text=text)
        if known is None or known.way is None or not flaws.removed((advisory,), known.left):
            return Reason(code="no-fix", subject=pin.name, text=f"no release of {pin.name} fixes it yet")
        if self.job.security and not flaws.urgent(known, self.job.policy.security_severity):
            least = self.job.policy.security_severity
            text = f"it is below {least}, and waits for the quarter; {known.way.version} fixes it"
            return Reason(code="below-severity", subject=pin.name, text=text)
        text = f"{known.way.version} fixes it, and this rebuild does not bring it"
        return Reason(code="not-brought", subject=pin.name, text=text)
