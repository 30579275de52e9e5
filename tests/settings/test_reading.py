from datetime import date, timedelta
from pathlib import Path

from bot.model.notices import NoticeKind
from bot.model.policy import Freeze, Policy, Schedule, Severity, Waiver
from bot.model.secrets import SecretRef
from bot.settings import (
    AdvisoriesSettings,
    AppSettings,
    DiscoverSettings,
    EngineSettings,
    ForgeSettings,
    IndexSettings,
    IsolationSettings,
    NotificationsSettings,
    NotifySettings,
    PythonSettings,
    RegistrySettings,
    RepositorySettings,
    ServiceSettings,
    Settings,
    not_acted_on,
    read,
)

CONTRACT = """
[bot]
data_dir = "/var/lib/quarterdeck"
timezone = "Europe/Berlin"

[forge]
kind = "github"                                   # github | local
url = "https://api.github.com"                    # GitHub Enterprise: https://HOST/api/v3
token = { env = "QUARTERDECK_GITHUB_TOKEN" }      # or { file = "…" }; or app = { id = 1, private_key = { file = "…" } }

[schedule]                                        # APScheduler's cron fields / interval fields
quarterly = { month = "1,4,7,10", day = "1st tue", hour = 9 }
security = { hours = 6 }

[policy]                                          # defaults; a [[repository]] may override each
security_severity = "low"
cooldown = "7 days"
digest_settle = "6 hours"
pin_digests = true
max_open_pull_requests = 2
reviewers = []
team_reviewers = []
assignees = []
labels = ["dependencies"]
freeze = [{ from = "12-15", until = "01-05", reason = "holidays" }]   # security rebuilds pass

max_feed_age = "2 days"
retag = "patch"
add_upgrade_layer = false
overview = false
platforms = ["linux/amd64"]
build_from_source = []
resolver = "auto"

[service]
listen = "127.0.0.1:8713"
webhook_secret = { env = "QUARTERDECK_WEBHOOK_SECRET" }
grace = "30 seconds"

[engine]
kind = "threads"
workers = 2

[isolation]
mode = "auto"
timeout = "15 minutes"
memory = "4 GiB"

[python]
download = false

[[index]]
url = "https://index.example.internal/simple"
username = { env = "U" }
password = { env = "P" }

[[discover]]
owner = "acme"
topic = "quarterdeck"

[[registry]]
host = "docker.io"
mirror = "http://127.0.0.1:5000"
username = { env = "U" }
password = { file = "/run/secrets/p" }

[[advisories]]
kind = "osv"
ecosystem = "PyPI"
url = "file:///srv/osv/PyPI/all.zip"

[[repository]]
name = "acme/web"
branch = "main"
policy = { cooldown = "14 days" }

[[waiver]]
id = "CVE-2026-1234"
until = 2027-01-31
reason = "not reachable: we never parse XML"
"""


def test_the_contracts_own_example_is_read_as_it_says() -> None:
    policy = Policy(freeze=(Freeze(start=(12, 15), end=(1, 5), reason="holidays"),))
    user, password = SecretRef(env="U"), SecretRef(env="P")

    assert read(CONTRACT, "c.toml") == Settings(
        data_dir="/var/lib/quarterdeck",
        schedule=Schedule(timezone="Europe/Berlin"),
        forge=ForgeSettings(token=SecretRef(env="QUARTERDECK_GITHUB_TOKEN")),
        policy=policy,
        service=ServiceSettings(webhook_secret=SecretRef(env="QUARTERDECK_WEBHOOK_SECRET")),
        indexes=(IndexSettings(url="https://index.example.internal/simple", username=user, password=password),),
        discover=(DiscoverSettings(owner="acme", topic="quarterdeck"),),
        registries=(
            RegistrySettings(
                host="docker.io",
                mirror="http://127.0.0.1:5000",
                username=user,
                password=SecretRef(file="/run/secrets/p"),
            ),
        ),
        advisories=(AdvisoriesSettings(kind="osv", ecosystem="PyPI", url="file:///srv/osv/PyPI/all.zip"),),
        repositories=(
            RepositorySettings(
                name="acme/web", branch="main", policy=Policy(freeze=policy.freeze, cooldown=timedelta(days=14))
            ),
        ),
        waivers=(Waiver(id="CVE-2026-1234", until=date(2027, 1, 31), reason="not reachable: we never parse XML"),),
    )


def test_everything_may_be_otherwise_than_its_default() -> None:
    text = """
    bot = { author_name = "Fresh", author_email = "fresh@example.com" }
    forge.app = { id = 7, private_key = { file = "key.pem" } }
    forge.url = "https://git.example.com/api/v3/"
    schedule.quarterly = { day_of_week = "mon", hour = "4", year = "*/2" }
    schedule.security = { days = 1, minutes = 30 }
    schedule.spread = "2 hours"
    policy.security_severity = "high"
    policy.platforms = ["linux/arm64/v8"]
    policy.build_from_source = ["Foo.Bar"]
    policy.freeze = [{ from = "02-29", until = "2-29" }]
    service.listen = "[::1]:80"
    engine.workers = 8
    isolation = { mode = "none", timeout = "1 hour", memory = "512 MiB" }
    python.download = true
    registry = [{ host = "Reg.example.com:5000", insecure = true }]
    index = [{ url = "http://127.0.0.1:3141/simple/" }, { url = "http://mirror/simple", insecure = true }]
    advisories = [{ kind = "osv", ecosystem = "Debian", url = "http://mirror/all.zip" }]
    discover = [{ owner = "acme" }]
    waiver = [{ id = "X", until = "2027-01-31", reason = "r" }]
    """
    found = read(text, "c.toml")

    assert (found.author_name, found.author_email) == ("Fresh", "fresh@example.com")
    assert found.forge == ForgeSettings(
        url="https://git.example.com/api/v3", app=AppSettings(id=7, private_key=SecretRef(file="key.pem"))
    )
    assert found.schedule == Schedule(
        quarterly=(("year", "*/2"), ("day_of_week", "mon"), ("hour", "4")),
        security=timedelta(days=1, minutes=30),
        spread=timedelta(hours=2),
    )
    assert found.policy.security_severity is Severity.HIGH
    assert found.policy.build_from_source == ("foo-bar",)
    assert found.policy.freeze == (Freeze(start=(2, 29), end=(2, 29), reason=""),)
    assert found.service == ServiceSettings(listen=("::1", 80))
    assert found.engine == EngineSettings(workers=8)
    assert found.isolation == IsolationSettings(mode="none", timeout=timedelta(hours=1), memory=512 * 1024**2)
    assert found.python == PythonSettings(download=True)
    assert found.registries == (RegistrySettings(host="reg.example.com:5000", insecure=True),)
    assert [index.url for index in found.indexes] == ["http://127.0.0.1:3141/simple", "http://mirror/simple"]
    assert found.waivers[0].until == date(2027, 1, 31)


def test_nothing_at_all_is_a_configuration_of_defaults() -> None:
    assert read("", "c.toml") == read("\ufeff# nothing\r\n", "c.toml") == Settings()


def test_a_repositorys_policy_stands_over_the_common_one_wherever_that_is_written() -> None:
    text = """
    [[repository]]
    name = "acme/web"
    policy.retag = "minor"
    [[repository]]
    name = "acme/api"
    enabled = false
    [policy]
    cooldown = "1 day"
    """
    web, api = read(text, "c.toml").repositories

    assert web.policy == Policy(cooldown=timedelta(days=1), retag="minor")
    assert (api.policy, api.enabled) == (Policy(cooldown=timedelta(days=1)), False)


def test_the_local_forge_takes_every_address_that_git_takes() -> None:
    urls = ("/srv/web.git", "../web", "file:///srv/web.git", "git@git.example.com:acme/web", "ssh://git@host/web.git")
    entries = "".join(f'[[repository]]\nname = "{number}"\nurl = "{url}"\n' for number, url in enumerate(urls))

    found = read(f'[forge]\nkind = "local"\n{entries}', "c.toml")

    assert tuple(repository.url for repository in found.repositories) == urls


def test_everything_that_can_be_configured_is_acted_on() -> None:
    assert not_acted_on(CONTRACT) == ()
    assert not_acted_on("") == ()


def test_the_configuration_of_this_repository_is_read() -> None:
    text = Path("config/quarterdeck.toml").read_text(encoding="utf-8")

    assert read(text, "config/quarterdeck.toml").repositories[0].name == "acme/web"


def test_targets_of_messages_are_called_by_their_name_or_by_the_place_of_their_address() -> None:
    found = read(
        """
[[notify]]
url = { env = "CHAT" }
[[notify]]
url = { file = "/run/secrets/mail" }
events = ["stopped", "failing"]
[[notify]]
url = { env = "CHAT" }
name = "people"
[notifications]
proposal_age = "3 weeks"
per_hour = 5
""",
        "c.toml",
    )
    assert found.notify == (
        NotifySettings(url=SecretRef(env="CHAT"), events=tuple(NoticeKind)),
        NotifySettings(url=SecretRef(file="/run/secrets/mail"), events=(NoticeKind.STOPPED, NoticeKind.FAILING)),
        NotifySettings(url=SecretRef(env="CHAT"), name="people"),
    )
    assert [one.label for one in found.notify] == ["CHAT", "/run/secrets/mail", "people"]
    assert found.notifications == NotificationsSettings(proposal_age=timedelta(weeks=3), failures=3, per_hour=5)
