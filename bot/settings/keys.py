"""Every key of the configuration, once: what reads it, what it means, and its default.

Reading (`reading`), the JSON Schema (`schema`) and the tests of the commented example all go by these tables.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from bot.model.notices import NoticeKind
from bot.model.policy import Freeze, Severity, Waiver
from bot.settings import durations, texts
from bot.settings.credentials import SecretPlace
from bot.settings.kinds import Choice, Flag, Key, ListOf, Table, Whole, Written, words
from bot.settings.mistakes import Place
from bot.settings.times import INTERVAL, CronFields, Day
from bot.settings.values import (
    AdvisoriesSettings,
    AppSettings,
    BuiltTagsSettings,
    DiscoverSettings,
    EngineSettings,
    ForgeSettings,
    IndexSettings,
    IsolationSettings,
    LifetimesSettings,
    NotificationsSettings,
    NotifySettings,
    PythonSettings,
    RegistrySettings,
    ServiceSettings,
)


def named(parse: Callable[[str], str], pattern: str = "") -> Written[str]:
    """Give the kind of a string whose meaning is a string again."""
    return Written(wanted="a string", parse=parse, empty="", pattern=pattern)


TEXT = named(texts.text, pattern=r"\S")
DURATION = Written(
    wanted='a duration like "7 days"',
    parse=durations.duration,
    empty=timedelta(0),
    pattern=r"^\s*([0-9]+\s*[A-Za-z]+|0)\s*$",
)
SIZE = Written(wanted='a size like "4 GiB"', parse=durations.size, empty=0, pattern=r"^\s*[0-9]+\s*([KMGT]i)?B\s*$")
SECRET = SecretPlace()
PLATFORMS = ListOf(of=named(texts.platform, pattern=f"^{texts.PLATFORM}$"), least=1)


def _texts() -> ListOf[str]:
    return ListOf(of=TEXT)


def _together(values: Mapping[str, Any], at: Place) -> None:
    """Require that a user name and a password stand together."""
    given = {"username", "password"} & set(values)
    if len(given) == 1:
        missing = ({"username", "password"} - given).pop()
        at.wrong(f"{missing!r} is missing {at.table}", f"{given.pop()!r} is of no use without it")


def _index(values: Mapping[str, Any], at: Place) -> None:
    _together(values, at)
    if texts.plain_http(values.get("url", "")) and not values.get("insecure"):
        at.child("url").wrong(
            f"{at.child('url').label} is plain http, so anybody on the way could read and change packages",
            "write https://, or insecure = true beside it",
        )


def _one_login(values: Mapping[str, Any], at: Place) -> None:
    if {"token", "app"} <= set(values):
        at.child("app").wrong(f"'token' and 'app' both stand {at.table}", "keep the one to log in with")


def _freeze(**values: Any) -> Freeze:
    return Freeze(start=values["from"], end=values["until"], reason=values.get("reason", ""))


MONTH_DAY = Written(
    wanted='month and day like "12-15"', parse=texts.month_day, empty=(1, 1), pattern=f"^{texts.MONTH_DAY}$"
)
FREEZE = Table(
    keys=(
        Key("from", MONTH_DAY, 'The first day of the window, like "12-15".', required=True),
        Key("until", MONTH_DAY, 'The last day of the window, like "01-05".', required=True),
        Key("reason", TEXT, "Why, for people."),
    ),
    build=_freeze,
)

POLICY = (
    Key("security_severity", words(Severity),
        'The least severity that triggers a security rebuild; "unknown" always does.', "low"),
    Key("cooldown", DURATION,
        "Quarterly upgrades take only releases at least this old; security fixes are exempt.", "7 days"),
    Key("digest_settle", DURATION, "A new digest must have stood this long, unless it fixes an advisory.", "6 hours"),
    Key("pin_digests", Flag(), "Write the digest of an image beside its tag.", default=True),
    Key("max_open_pull_requests", Whole(least=1, most=100), "How many proposals may be open at a time.", 2),
    Key("reviewers", _texts(), "People who are asked to review.", []),
    Key("team_reviewers", _texts(), "Teams who are asked to review.", []),
    Key("assignees", _texts(), "People to whom the proposal is assigned.", []),
    Key("labels", _texts(), "Labels of the proposal.", ["dependencies"]),
    Key("freeze", ListOf(of=FREEZE), "Yearly windows without quarterly rebuilds; security rebuilds pass.", []),
    Key("max_feed_age", DURATION, "Older advisory data is shouted about.", "2 days"),
    Key("retag", Choice(words=("patch", "minor", "none")), "How far a quarterly rebuild may move a tag.", "patch"),
    Key("add_upgrade_layer", Flag(), "May the upgrade layer that a stamp needs be inserted?", default=False),
    Key("overview", Flag(), "Keep one overview issue in the repository.", default=False),
    Key("platforms", PLATFORMS, "The platforms that the images are built for.", ["linux/amd64"]),
    Key("build_from_source", ListOf(of=named(texts.package)),
        "Packages whose source distributions may be built.", []),
    Key("resolver", Choice(words=("auto", "pip-tools", "uv")), "Which resolver compiles the locks.", "auto"),
)  # fmt: skip
POLICY_TABLE: Table[dict[str, Any]] = Table(keys=POLICY, build=dict)

BOT: Table[dict[str, Any]] = Table(
    keys=(
        Key("data_dir", TEXT, "Folder for clones and run history; absent: the platform's own place."),
        Key("timezone", named(texts.timezone), "Timezone of the schedule (IANA).", "UTC"),
        Key("author_name", TEXT, "Author of our commits.", "Quarterdeck"),
        Key("author_email", TEXT, "Address of the author of our commits.", "quarterdeck@localhost"),
    ),
    build=dict,
)
APP = Table(
    keys=(
        Key("id", Whole(least=1, most=2**53), "Id of the GitHub App.", required=True),
        Key("private_key", SECRET, "Where the App's private key stands.", required=True),
    ),
    build=AppSettings,
)
FORGE = Table(
    keys=(
        Key(
            "kind", Choice(words=("github", "local")), "github, or local: branches in the repository itself.", "github"
        ),
        Key("url", named(texts.safe_web), "Base address of the API.", "https://api.github.com"),
        Key("token", SECRET, "Where the token stands."),
        Key("app", APP, "Log in as a GitHub App instead."),
    ),
    build=ForgeSettings,
    check=_one_login,
)
SCHEDULE: Table[dict[str, Any]] = Table(
    keys=(
        Key(
            "quarterly",
            CronFields(),
            "When the quarterly rebuild falls: APScheduler's cron fields.",
            {"month": "1,4,7,10", "day": "1st tue", "hour": 9},
        ),
        Key(
            "security",
            INTERVAL,
            "How often all repositories are looked at: APScheduler's interval fields.",
            {"hours": 6},
        ),
        Key("feeds", INTERVAL, "How often feeds of advisories are read.", {"hours": 1}),
        Key("digests", INTERVAL, "How often registries are asked what tags point to.", {"hours": 3}),
        Key("discover", INTERVAL, "How often new repositories are looked for.", {"hours": 1}),
        Key("overview", INTERVAL, "How often overviews are written anew.", {"days": 1}),
        Key("spread", DURATION, "Spread many repositories over this time.", "0 seconds"),
    ),
    build=dict,
)
SERVICE = Table(
    keys=(
        Key(
            "listen",
            Written(
                wanted='an address like "127.0.0.1:8713"',
                parse=texts.listen,
                empty=("", 0),
                pattern=f"^{texts.LISTEN}$",
            ),
            "Host and port of the service.",
            "127.0.0.1:8713",
        ),
        Key("webhook_secret", SECRET, "Where the webhook's secret stands; absent: no webhook route."),
        Key("grace", DURATION, "How long running work may go on after a stop was asked for.", "30 seconds"),
    ),
    build=ServiceSettings,
)
ENGINE = Table(
    keys=(
        Key("kind", Choice(words=("threads",)), "What runs the work of many repositories.", "threads"),
        Key("workers", Whole(least=1, most=256), "How many repositories at a time.", 2),
    ),
    build=EngineSettings,
)
ISOLATION = Table(
    keys=(
        Key("mode", Choice(words=("auto", "sandbox", "process", "none")), "auto is the strongest available.", "auto"),
        Key("timeout", DURATION, "How long one resolver may run.", "15 minutes"),
        Key("memory", SIZE, "How much memory one resolver may use.", "4 GiB"),
    ),
    build=IsolationSettings,
)
PYTHON = Table(
    keys=(Key("download", Flag(), "May uv install interpreters?", default=False),),
    build=PythonSettings,
)
INDEX = Table(
    keys=(
        Key("url", named(texts.web), "Address of the index (PEP 503).", required=True),
        Key("username", SECRET, "Where the user name stands."),
        Key("password", SECRET, "Where the password stands."),
        Key("insecure", Flag(), "Allow plain http to another machine.", default=False),
    ),
    build=IndexSettings,
    check=_index,
)
DISCOVER = Table(
    keys=(
        Key("owner", TEXT, "Owner of the repositories.", required=True),
        Key("topic", TEXT, "Only those with this topic; absent: all."),
    ),
    build=DiscoverSettings,
)
REGISTRY = Table(
    keys=(
        Key(
            "host",
            named(texts.host, pattern=f"^{texts.HOST}$"),
            "Host of the registry, like docker.io.",
            required=True,
        ),
        Key("mirror", named(texts.web), "Address that is asked instead."),
        Key("insecure", Flag(), "Speak plain http to this host.", default=False),
        Key("username", SECRET, "Where the user name stands."),
        Key("password", SECRET, "Where the password stands."),
    ),
    build=RegistrySettings,
    check=_together,
)
ADVISORIES = Table(
    keys=(
        Key("kind", Choice(words=("osv", "secdb")), "The form of the data: OSV, or Alpine's secdb.", required=True),
        Key("ecosystem", TEXT, "OSV's name of the ecosystem, like PyPI.", required=True),
        Key("url", named(texts.feed), "Where it is: file://, http:// or https://.", required=True),
    ),
    build=AdvisoriesSettings,
)
LIFETIMES = Table(
    keys=(
        Key("url", named(texts.feed), "Where a newer table is: file://, http:// or https://; absent: the one shipped."),
    ),
    build=LifetimesSettings,
)
BUILT_TAGS = Table(
    keys=(
        Key("image", TEXT, "The image, like docker.io/library/python.", required=True),
        Key("url", named(texts.feed), "Where its list is: file://, http:// or https://.", required=True),
    ),
    build=BuiltTagsSettings,
)
NOTIFY = Table(
    keys=(
        Key("url", SECRET, "Where the target's address stands, as apprise writes it.", required=True),
        Key("events", ListOf(of=words(NoticeKind), least=1), "What is told there.", [str(kind) for kind in NoticeKind]),
        Key("name", TEXT, "What it is called in messages about it; absent: the place of its address."),
    ),
    build=NotifySettings,
)
NOTIFICATIONS = Table(
    keys=(
        Key("proposal_age", DURATION, "A proposal that is open for longer is told, and again after as long; 0: never.",
            "14 days"),
        Key("failures", Whole(least=1, most=1000), "A repository that failed so many times in a row is told.", 3),
        Key("per_hour", Whole(least=1, most=1000), "How many messages a target gets within an hour.", 20),
    ),
    build=NotificationsSettings,
)  # fmt: skip
REPOSITORY: Table[dict[str, Any]] = Table(
    keys=(
        Key("name", TEXT, "Its name: OWNER/NAME on GitHub.", required=True),
        Key("url", named(texts.git_url), "Where git finds it; needed with the local forge."),
        Key("branch", named(texts.branch), "Its branch; absent: the default branch."),
        Key("policy", POLICY_TABLE, "What differs from [policy]."),
        Key("enabled", Flag(), "false: leave it alone.", default=True),
    ),
    build=dict,
)
WAIVER = Table(
    keys=(
        Key("id", TEXT, "The advisory's id, like CVE-2026-1234.", required=True),
        Key("until", Day(), "The last day on which it is accepted, like 2027-01-31.", required=True),
        Key("reason", TEXT, "Why it is accepted.", required=True),
    ),
    build=Waiver,
)
