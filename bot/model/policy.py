"""What the operator wants: policy of a repository, and the schedule of the quarter."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum


class Severity(StrEnum):
    """How bad an advisory is; UNKNOWN always triggers."""

    UNKNOWN = "unknown"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Trigger(StrEnum):
    """Why a run happens. AUTO means whatever is due."""

    AUTO = "auto"
    SECURITY = "security"
    QUARTERLY = "quarterly"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """A yearly window, `from` and `until` included, as (month, day); it may cross the year's end."""

    start: tuple[int, int]
    end: tuple[int, int]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The policy of one repository; names and defaults are those of the configuration's `[policy]`."""

    security_severity: Severity = Severity.LOW
    cooldown: timedelta = timedelta(days=7)
    digest_settle: timedelta = timedelta(hours=6)
    pin_digests: bool = True
    max_open_pull_requests: int = 2
    reviewers: tuple[str, ...] = ()
    team_reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    labels: tuple[str, ...] = ("dependencies",)
    freeze: tuple[Freeze, ...] = ()
    max_feed_age: timedelta = timedelta(days=2)
    retag: str = "patch"
    add_upgrade_layer: bool = False
    overview: bool = False
    platforms: tuple[str, ...] = ("linux/amd64",)
    build_from_source: tuple[str, ...] = ()
    resolver: str = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An advisory that is accepted until a date, and why."""

    id: str
    until: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """What a person asked in a proposal to leave alone until a date (included): a package, an advisory or an image.

    `by` is that person, `where` the address of what they wrote.
    """

    subject: str
    until: date
    reason: str
    by: str
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When the quarterly rebuild falls: cron fields as APScheduler names and reads them, in `timezone` (IANA).

    `spread` is the time over which many repositories are spread from that moment on. The others say how often a service
    looks: at all repositories, at feeds of advisories, at digests, for new repositories, and at overviews.
    """

    timezone: str = "UTC"
    quarterly: tuple[tuple[str, str], ...] = field(
        default=(("month", "1,4,7,10"), ("day", "1st tue"), ("hour", "9")),
    )
    security: timedelta = timedelta(hours=6)
    spread: timedelta = timedelta(0)
    feeds: timedelta = timedelta(hours=1)
    digests: timedelta = timedelta(hours=3)
    discover: timedelta = timedelta(hours=1)
    overview: timedelta = timedelta(days=1)
