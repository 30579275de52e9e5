import pytest

from bot.errors import ConfigError
from bot.settings import BadSettings, read

TOKEN = "ghp_0123456789abcdefghij"


def _mistakes(text: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        read(text, "c.toml")
    assert str(caught.value) == caught.value.message
    assert len(caught.value.mistakes) == len(caught.value.message.splitlines())
    return caught.value.message.splitlines()


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = """\
[policy]
cooldwn = "7 days"
digest_settle = "7 dyas"

[forge]
kind = "gitlub"
"""
    assert _mistakes(text) == [
        "c.toml:2: unknown key 'cooldwn' in [policy]; did you mean 'cooldown'?",
        'c.toml:3: \'digest_settle\' in [policy]: "7 dyas" is no duration; did you mean "7 days"?',
        'c.toml:6: \'kind\' in [forge] must be one of "github", "local", not "gitlub"; did you mean "github"?',
    ]


def test_a_mistake_says_its_line_its_key_and_what_to_do() -> None:
    with pytest.raises(ConfigError) as caught:
        read('[[repository]]\nname = "a/b"\n[[repository]]\nname = "a/c"\npolicy = { pin_digest = true }\n', "c.toml")
    assert isinstance(caught.value, BadSettings)
    assert caught.value.exit_code == 2
    assert caught.value.name == "c.toml"
    (mistake,) = caught.value.mistakes

    assert (mistake.line, mistake.key) == (5, "repository[1].policy.pin_digest")
    assert mistake.message == "unknown key 'pin_digest' in [repository.policy]"
    assert mistake.hint == "did you mean 'pin_digests'?"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("polcy = {}", "1: unknown key 'polcy' at the top level; did you mean 'policy'?"),
        ("cooldown = '7 days'", "1: unknown key 'cooldown' at the top level; it belongs in [policy]"),
        ("\ntopic = ''", "2: unknown key 'topic' at the top level; it belongs in [[discover]]"),
        ("python.xyzzy = 1", "1: unknown key 'xyzzy' in [python]; known keys: download"),
        ('engine = { "wor\\nkers" = 1 }', "1: unknown key 'wor?kers' in [engine]; did you mean 'workers'?"),
        (f"python.{'x' * 60} = 1", f"1: unknown key '{'x' * 40}…' in [python]; known keys: download"),
        ("policy = 1", "1: 'policy' at the top level must be a table, not a whole number"),
        ("notify = [{ url = 'slack://a/b' }]", "1: 'url' in [[notify]] holds a value in clear, where only its place may stand; write { env = \"NAME\" } or { file = \"PATH\" }, put the value there, and change it if this file was shared"),
        ("notify = [{ url = { env = 'A' }, events = ['stoped'] }]", "1: item 1 of 'events' in [[notify]] must be one of \"stopped\", \"security-opened\", \"failing\", \"feed-stale\", \"proposal-old\", not \"stoped\"; did you mean \"stopped\"?"),
        ("[[notify]]\nurl.env = 'A'\n[[notify]]\nurl.file = 'b'\nname = 'A'", "5: two targets in [[notify]] are called the same; give each a name of its own"),
        ("[[notify]]\nurl.env = 'A'\n[[notify]]\nurl.env = 'A'", "3: two targets in [[notify]] are called the same; give each a name of its own"),
        ("[repository]", "1: 'repository' at the top level must be an array, not a table; write [[repository]]"),
        ("repository = [1]", "1: item 1 of 'repository' at the top level must be a table, not a whole number"),
        ("policy.reviewers = 'me'", '1: \'reviewers\' in [policy] must be an array, not a string; write it in brackets: ["…"]'),
        ("policy.labels = [\n'a',\n2.5]", "3: item 2 of 'labels' in [policy] must be a string, not a decimal number"),
        ("policy.labels = ['']", "1: item 1 of 'labels' in [policy] must not be empty, and must stand on one line"),
        ("policy.platforms = []", "1: 'platforms' in [policy] must not be empty"),
        ("policy.platforms = ['amd64']", "1: item 1 of 'platforms' in [policy]: \"amd64\" is no platform; write it like \"linux/amd64\""),
        ("policy.pin_digests = 'yes'", "1: 'pin_digests' in [policy] must be true or false, not a string"),
        ("policy.max_open_pull_requests = true", "1: 'max_open_pull_requests' in [policy] must be a whole number, not true or false"),
        ("policy.max_open_pull_requests = 0", "1: 'max_open_pull_requests' in [policy] must be from 1 to 100"),
        ("policy.cooldown = 7", "1: 'cooldown' in [policy] must be a duration like \"7 days\", not a whole number"),
        ("policy.cooldown = 07:00:00", "1: 'cooldown' in [policy] must be a duration like \"7 days\", not a time"),
        ("policy.security_severity = 'hihg'", '1: \'security_severity\' in [policy] must be one of "unknown", "low", "medium", "high", "critical", not "hihg"; did you mean "high"?'),
        ("policy.retag = 1", '1: \'retag\' in [policy] must be one of "patch", "minor", "none", not a whole number'),
        ("policy.retag = 'x'", '1: \'retag\' in [policy] must be one of "patch", "minor", "none", not "x"'),
        ("policy.build_from_source = ['-x']", '1: item 1 of \'build_from_source\' in [policy]: "-x" is no name of a package'),
        ("[[policy.freeze]]\nfrom='12-15'", "1: 'until' is missing in [[policy.freeze]]; the last day of the window, like \"01-05\""),
        ("policy.freeze = [\n{from='02-30', until='01-05'}]", '2: \'from\' in [[policy.freeze]]: "02-30" is no day of the year; write month and day like "12-15"'),
        ("policy.freeze = [{from='2026-12-15', until='01-05'}]", '1: \'from\' in [[policy.freeze]]: "2026-12-15" is no day of the year; write month and day like "12-15"'),
        ("bot.timezone = 'Mars/Olympus'", '1: \'timezone\' in [bot]: "Mars/Olympus" is no timezone; write one like "Europe/Berlin" or "UTC"'),
        ("bot.timezone = 'Europe'", '1: \'timezone\' in [bot]: "Europe" is no timezone; did you mean "Europe/Rome"?'),
        ("engine.kind = 'celery'", '1: \'kind\' in [engine] must be one of "threads", not "celery"'),
        ("isolation.memory = '4 GB'", '1: \'memory\' in [isolation]: "4 GB" is no size; did you mean "4 GiB"?'),
        ("service.listen = 'localhost'", '1: \'listen\' in [service]: "localhost" is no address to listen on; write it like "127.0.0.1:8713"'),
        ("service.listen = '127.0.0.1:99999'", '1: \'listen\' in [service]: "127.0.0.1:99999" is no address to listen on; write it like "127.0.0.1:8713"'),
        ("[[waiver]]\nuntil = 2027-01-31\nreason = 'r'", "1: 'id' is missing in [[waiver]]; the advisory's id, like CVE-2026-1234"),
        ("[[waiver]]\nid = 'X'\nuntil = 1\nreason = 'r'", "3: 'until' in [[waiver]] must be a date, not a whole number; write it like 2027-01-31"),
        ("[[waiver]]\nid = 'X'\nuntil = 2027-01-31T00:00:00\nreason = 'r'", "3: 'until' in [[waiver]] must be a date, not a date with a time; write it like 2027-01-31"),
        ("[[waiver]]\nid = 'X'\nuntil = 'soon'\nreason = 'r'", "3: 'until' in [[waiver]]: \"soon\" is no date; write it like 2027-01-31"),
        ("[[waiver]]\nid = 'X'\nuntil = '2027-02-30'\nreason = 'r'", "3: 'until' in [[waiver]]: \"2027-02-30\" is no date; write it like 2027-01-31"),
        ("repository = [{name='a/b', branch='a..b'}]", "1: 'branch' in [[repository]]: \"a..b\" is no name of a branch"),
        ("repository = [{name='web'}]", "1: 'name' in [[repository]] must be OWNER/NAME; or write its url too"),
        ("forge.kind='local'\n[[repository]]\nname='a/b'", "2: 'url' is missing in [[repository]]; the local forge needs to know where the repository is"),
        ("[[repository]]\nname='a/b'\n[[repository]]\nname='A/B'", "4: 'name' in [[repository]] is the same as in line 2; keep one of them"),
        ("registry = [{host='docker.io'},\n{host='docker.io'}]", "2: 'host' in [[registry]] is the same as in line 1; keep one of them"),
        ("registry = [{host='https://docker.io'}]", '1: \'host\' in [[registry]]: "https://docker.io" is no host; write it like "registry.example.com" or "127.0.0.1:5000"'),
        ("registry = [{host='docker.io', password={env='P'}}]", "1: 'username' is missing in [[registry]]; 'password' is of no use without it"),
        ("repository = [{name='a/b', url='--upload-pack=x'}]", "1: 'url' in [[repository]] begins with a dash, which git would take for an option"),
        ("repository = [{name='a/b', url='svn://host/x'}]", "1: 'url' in [[repository]] is no address that git could clone; it may begin with https, http, ssh, git, file"),
        ("repository = [{name='a/b', url='https://[x/y'}]", "1: 'url' in [[repository]] is no address that git could clone"),
        ("forge.url = 'ftp://host'", "1: 'url' in [forge] is no address; write one that begins with https://, http://"),
        ("forge.url = 'https://host:99999'", "1: 'url' in [forge] is no address; write one that begins with https://, http://"),
        ("forge.url = 'https://'", "1: 'url' in [forge] is no address; write one that begins with https://, http://"),
        ("forge.url = 'http://git.example.com'", "1: 'url' in [forge] is plain http, so anybody on the way could read and change it; write https://"),
        ("[[index]]\nurl = 'http://mirror/simple'", "2: 'url' in [[index]] is plain http, so anybody on the way could read and change packages; write https://, or insecure = true beside it"),
        ("advisories = [{kind='osv', ecosystem='PyPI', url='file:'}]", "1: 'url' in [[advisories]] is no address; write one that begins with https://, http://, file://"),
        ("forge.app.id = 1", "1: 'private_key' is missing in [forge.app]; where the App's private key stands"),
        ("[forge]\nkind = 'local'\n[[discover]]\nowner = 'acme'", '3: [[discover]] needs a forge that can be asked; write kind = "github"'),
        ("forge.app = 1", "1: 'app' in [forge] must be a table, not a whole number"),
        ("[forge]\ntoken.env = 'T'\n[forge.app]\nid = 1\nprivate_key.env = 'K'", "3: 'token' and 'app' both stand in [forge]; keep the one to log in with"),
        ("forge.token = 1", '1: \'token\' in [forge] must be a table, not a whole number; write { env = "NAME" } or { file = "PATH" }'),
        ("forge.token = {}", '1: \'token\' in [forge] must name exactly one place; write { env = "NAME" } or { file = "PATH" }'),
        ("forge.token = {env='T', file='t'}", '1: \'token\' in [forge] must name exactly one place; write { env = "NAME" } or { file = "PATH" }'),
        ("forge.token = {value='T'}", "1: unknown key 'value' in [forge.token]; known keys: env, file"),
        ("forge.token.env = 'a b'", "1: 'env' in [forge.token] is no name of an environment variable"),
        ("schedule.quarterly = {}", '1: \'quarterly\' in [schedule] must be a table of cron fields, not an empty table; write it like { month = "1,4,7,10" }'),
        ("schedule.quarterly = 'x'", '1: \'quarterly\' in [schedule] must be a table of cron fields, not a string; write it like { month = "1,4,7,10" }'),
        ("[schedule.quarterly]\nhour = 9\nmonth = '13'", "3: 'month' in [schedule.quarterly]: '13' is no month: it goes from 1 to 12"),
        ("schedule.quarterly = {moth = 1}", "1: unknown cron field 'moth'; did you mean 'month'?"),
        ("schedule.quarterly = {xyzzy = 1}", "1: unknown cron field 'xyzzy'; fields are year, month, day, week, day_of_week, hour, minute, second"),
        ("schedule.quarterly = {hour = true}", "1: 'hour' in [schedule.quarterly] must be a string or a whole number, not true or false"),
        ("schedule.quarterly = {month = 2, day = 30}", "1: 'quarterly' in [schedule] never comes: no such day exists"),
        ("schedule.security = {}", "1: 'security' in [schedule] must not be empty; known keys: weeks, days, hours, minutes, seconds"),
        ("schedule.security = {hours = 0}", "1: 'hours' in [schedule.security] must be from 1 to 1000000"),
        ("schedule.security = {hour = 6}", "1: unknown key 'hour' in [schedule.security]; did you mean 'hours'?"),
    ],
)  # fmt: skip
def test_every_mistake_says_where_it_is_and_what_would_be_right(text: str, expected: str) -> None:
    assert _mistakes(text) == [f"c.toml:{expected}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[policy]\ncooldown = \n", "2: this is not TOML: Invalid value"),
        ("a = 1\n[b", "2: this is not TOML: Expected ']' at the end of a table declaration"),
        ("a = 1\n\nb = '''\nx\n\n", "4: this is not TOML: Expected \"'''\""),
        ("a = 1\na = 2\n\n", "2: this is not TOML: Cannot overwrite a value"),
        ("a = " + "[" * 5000, "1: this is nested too deeply to be a configuration"),
        ("\na = " + "1" * 5000, "2: a number is too long"),
    ],
)
def test_what_is_not_toml_is_one_mistake_with_its_line(text: str, expected: str) -> None:
    (line,) = _mistakes(text)

    assert line == f"c.toml:{expected}"


@pytest.mark.parametrize(
    "text",
    [
        f"forge.token = '{TOKEN}'",
        f"forge.token.env = '{TOKEN}'",
        f"forge.token = {{ value = '{TOKEN}' }}",
        f"forge.token = ['{TOKEN}']",
        f"forge.url = 'https://user:{TOKEN}@api.github.com'",
        f"repository = [{{ name = 'a/b', url = 'https://{TOKEN}@github.com/a/b' }}]",
        f"repository = [{{ name = 'a/b', url = 'ssh://git:{TOKEN}@github.com/a/b' }}]",
        f"index = [{{ url = 'https://user:{TOKEN}@mirror.example.com/simple' }}]",
        f"service.webhook_secret = '{TOKEN}'",
        f"registry = [{{ host = 'docker.io', username = 'me', password = '{TOKEN}' }}]",
        f"forge.tokn = '{TOKEN}'",
    ],
)
def test_a_secret_in_clear_is_a_mistake_that_does_not_repeat_it(text: str) -> None:
    assert TOKEN not in "".join(_mistakes(text))
