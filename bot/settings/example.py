"""The text that `config init` writes; `config/quarterdeck.toml` of our own repository is the same."""

EXAMPLE = """\
# Configuration of Quarterdeck. `quarterdeck config check` tells every mistake in it, with its line.
#
# A line that begins with "#" and no space is a setting that is switched off; unless it is an example, it shows
# the default. Durations are "N seconds", "N minutes", "N hours", "N days" or "N weeks". No secret stands in this
# file: write { env = "NAME" } for a variable of the environment, or { file = "PATH" }.

[bot]
#data_dir = "/var/lib/quarterdeck"        # clones and run history; without it, the platform's own place
timezone = "UTC"                          # of the schedule, like "Europe/Berlin"
#author_name = "Quarterdeck"              # who writes our commits
#author_email = "quarterdeck@localhost"

[forge]
kind = "github"                           # github, or local: branches in the repository itself
url = "https://api.github.com"            # GitHub Enterprise: https://HOST/api/v3
token = { env = "QUARTERDECK_GITHUB_TOKEN" }
# Instead of the token, a GitHub App:
#app = { id = 1, private_key = { file = "/etc/quarterdeck/app.pem" } }

[schedule]                                # APScheduler's cron fields and interval fields
quarterly = { month = "1,4,7,10", day = "1st tue", hour = 9 }
#security = { hours = 6 }                 # how often the service looks at all repositories
#feeds = { hours = 1 }                    # at feeds of advisories
#digests = { hours = 3 }                  # at what tags of images point to
#discover = { hours = 1 }                 # for new repositories
#overview = { days = 1 }                  # and writes overviews anew
#spread = "0 seconds"                     # spread many repositories over this time

[policy]                                  # a [[repository]] may override each of these
#security_severity = "low"                # the least severity that triggers a security rebuild; "unknown" always does
cooldown = "7 days"                       # quarterly upgrades take only releases at least this old
#digest_settle = "6 hours"                # a new digest must have stood this long, unless it fixes an advisory
pin_digests = true                        # write an image's digest beside its tag
#max_open_pull_requests = 2               # proposals that may be open at a time
reviewers = []
team_reviewers = []
assignees = []
labels = ["dependencies"]
# No quarterly rebuild in these windows of every year (month-day); security rebuilds pass:
#freeze = [{ from = "12-15", until = "01-05", reason = "holidays" }]
#max_feed_age = "2 days"                  # older advisory data is shouted about
#retag = "patch"                          # how far a quarterly rebuild may move a tag: patch | minor | none
#add_upgrade_layer = false                # may the upgrade layer that a stamp needs be inserted?
#overview = false                         # keep one overview issue in the repository
platforms = ["linux/amd64"]               # what the images are built for
#build_from_source = []                   # packages whose source distributions may be built: building runs their code
#resolver = "auto"                        # auto | pip-tools | uv

#[service]                                # the long-lived service
#listen = "127.0.0.1:8713"
#webhook_secret = { env = "QUARTERDECK_WEBHOOK_SECRET" }    # without it there is no webhook route
#grace = "30 seconds"                     # how long running work may go on after a stop

[engine]
kind = "threads"
workers = 2                               # repositories at a time

#[isolation]                              # resolvers may run the code of packages
#mode = "auto"                            # auto (the strongest available) | sandbox | process | none
#timeout = "15 minutes"
#memory = "4 GiB"

#[python]
#download = false                         # may uv install interpreters?

# The repositories to look after. Put your own here.
[[repository]]
name = "acme/web"
#url = "https://git.example.com/acme/web.git"    # needed with the local forge; otherwise the forge knows it by its name
#branch = "main"                          # without it, the forge's default branch
#policy = { cooldown = "14 days" }
#enabled = true

# Or all of an owner's repositories that carry a topic.
#[[discover]]
#owner = "acme"
#topic = "quarterdeck"

# Package indexes beside the default one; a lock may only name hosts that are listed here.
#[[index]]
#url = "https://packages.example.com/simple"
#username = { env = "INDEX_USERNAME" }
#password = { env = "INDEX_PASSWORD" }
#insecure = false                         # true allows plain http to another machine

# Container registries that need credentials, plain http, or a mirror.
#[[registry]]
#host = "docker.io"
#mirror = "http://127.0.0.1:5000"
#insecure = false                         # true for a plain-http host without a mirror
#username = { env = "REGISTRY_USERNAME" }
#password = { file = "/run/secrets/registry-password" }

# Advisory data in place of the defaults, which cover PyPI, Debian, Ubuntu and Alpine.
#[[advisories]]
#kind = "osv"
#ecosystem = "PyPI"
#url = "file:///srv/osv/PyPI/all.zip"

# Alpine's own security database, where a copy is kept nearby; the address of the folder with its versions.
#[[advisories]]
#kind = "secdb"
#ecosystem = "Alpine"
#url = "https://mirror.example.com/secdb"

# When releases of operating systems and of Python reach the end of their life: a newer table than the one shipped.
#[lifetimes]
#url = "https://endoflife.date/api/v1/products/full"

# The tags of an image that are still built: one that is not among them is frozen.
#[[built_tags]]
#image = "docker.io/library/python"
#url = "file:///srv/official-images/library/python"

# Where people are told what they should know: an address as apprise writes it (slack://…, mailtos://…, and many
# more). It holds secrets, so only its place stands here.
#[[notify]]
#url = { env = "QUARTERDECK_NOTIFY_URL" }
#name = "operators"
#events = ["stopped", "security-opened", "failing", "feed-stale", "proposal-old"]

#[notifications]
#proposal_age = "14 days"                 # a proposal that is open for longer is told, and again after as long
#failures = 3                             # a repository that failed so many times in a row is told
#per_hour = 20                            # messages to a target; what is more is summed up in one

# An advisory that is accepted until a date; all three are required.
#[[waiver]]
#id = "CVE-2026-1234"
#until = 2027-01-31
#reason = "not reachable: we never parse XML"
"""


def commented_example() -> str:
    """Give a commented configuration that passes `read`; switched-off lines begin with `#` and no space."""
    return EXAMPLE
