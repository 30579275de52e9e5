"""A world in which years pass: two repositories on GitHub, an index, a registry, advisories, people, and a clock.

Everything is real but the people and the clock; what a run did is told as one line for each effect at the forge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.rig.cli import Said, Terminal
from tests.rig.github import BOT, GitHubServer
from tests.rig.github_double.world import Pull, Repo
from tests.rig.index import LocalIndex
from tests.rig.layers import compressed, debian_files, layer, push_layers, system
from tests.rig.osv_bucket import OsvBucket
from tests.rig.registry import DockerRegistry
from tests.rig.repositories import git
from tests.rig.web import Said as Answer

WEB, WORKER = "acme/web", "acme/worker"
HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"
CRITICAL = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
OPENSSL = {"libssl3": "openssl", "openssl": "openssl"}


class Stand(NamedTuple):
    """How a pull request stands, as far as one can see it from outside."""

    state: str
    head: str
    text: tuple[str, str | None]
    comments: int


@dataclass
class Years:
    """The world; `run` moves the clock, and gives what was done for everybody to see."""

    terminal: Terminal
    github: GitHubServer
    index: LocalIndex
    registry: DockerRegistry
    buckets: Mapping[str, OsvBucket]
    now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)
    runs: int = 0
    said: Said = field(default_factory=lambda: Said(0, "", ""))
    pages: int = 0

    @property
    def web(self) -> Repo:
        return self.github.repos[WEB]

    def at(self, moment: str) -> None:
        """Move the clock on; advisories are exported all the time, unless they cannot be had."""
        then = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        assert then >= self.now, "the clock goes forward"
        self.now = then
        for bucket in self.buckets.values():
            if not bucket.said:
                bucket.changed = then

    def run(self, moment: str, *words: str, code: int = 0) -> list[str]:
        """Run at a moment, and give the effects in order: of every pull request, what was done to it."""
        self.at(moment)
        before = {name: _stands(repo) for name, repo in self.github.repos.items()}
        pages = self._pages()
        self.said = self.terminal("run", *words, "--json", "--now", self.moment)
        assert self.said.code == code, self.said.out + self.said.err
        self.runs += 1
        self.pages = self._pages() - pages
        for repo in self.github.repos.values():
            _check(repo)
        return [line for name, repo in self.github.repos.items() for line in _effects(repo, before[name])]

    def verdict(self, name: str = WEB) -> str:
        """Give the line in which the last run says how a repository stands."""
        return str(self.document(name)["verdict"])

    @property
    def overview(self) -> str:
        """Read the one issue that we keep."""
        (issue,) = self.web.issues.values()
        return issue.body or ""

    def listed(self) -> list[str]:
        """List every pull request that was ever opened: where, how it stands, and what it says."""
        return [
            f"{repo.name} #{number} {pull.head.removeprefix('quarterdeck/')} "
            f"{'merged' if pull.merged_at else pull.state}: {pull.title}"
            for repo in self.github.repos.values()
            for number, pull in repo.pulls.items()
        ]

    def document(self, name: str = WEB) -> Any:
        """Give what the last run said about a repository."""
        return next(row for row in self.said.json["repositories"] if row["name"] == name)

    def standing(self, branch: str = "quarterdeck/security", name: str = WEB) -> Pull:
        """Give the open pull request of a branch."""
        repo = self.github.repos[name]
        (found,) = (one for one in repo.pulls.values() if (one.head, one.state) == (branch, "open"))
        repo.refresh(found)
        return found

    def file(self, branch: str, path: str, name: str = WEB) -> str:
        """Read a file at the tip of a branch."""
        return git(self.github.repos[name].path, "show", f"{branch}:{path}")

    def pins(self, branch: str, name: str = WEB) -> dict[str, str]:
        """Give what both locks pin at the tip of a branch; a package of both stands at one version in both."""
        rows = [
            line.split("==")
            for path in ("requirements.txt", "dev.txt")
            for line in self.file(branch, path, name).splitlines()
            if "==" in line and not line.startswith("#")
        ]
        found = dict(rows)
        assert all(found[package] == version for package, version in rows), rows
        return found

    def release(self, name: str, *versions: str, days: int = 30, requires: tuple[str, ...] = ()) -> None:
        """Publish releases, as of some days ago."""
        for version in versions:
            self.index.add(name, version, requires=requires, uploaded_at=self.now - timedelta(days=days))

    def flaw(self, name: str, package: str, fixed: str, *, ecosystem: str = "PyPI", **more: Any) -> None:
        """Publish an advisory now, about a flaw that was always there, until a version."""
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
        record = {
            "id": name, "severity": [{"type": "CVSS_V3", "score": HIGH}],
            "affected": [{"package": {"ecosystem": ecosystem, "name": package}, "ranges": ranges}],
        }  # fmt: skip
        self._publish(ecosystem.partition(":")[0], {**record, **more})

    def again(self, name: str, **more: Any) -> None:
        """Publish a record once more, with nothing new but its time and what is given."""
        self._publish("PyPI", {**self.buckets["PyPI"].records[name], **more})

    def withdraw(self, name: str) -> None:
        """Say of an advisory that it was a mistake."""
        self.again(name, withdrawn=self.moment)

    def silence(self) -> None:
        """Let the buckets of advisories answer nothing any more."""
        for bucket in self.buckets.values():
            bucket.said = dict.fromkeys(("all.zip", "modified_id.csv"), Answer(503))

    def heal(self) -> None:
        """Let everything answer again."""
        self.index.heal()
        self.github.faults.clear()
        for bucket in self.buckets.values():
            bucket.said = {}

    @property
    def moment(self) -> str:
        """The time in RFC 3339."""
        return f"{self.now:%Y-%m-%dT%H:%M:%SZ}"

    def _publish(self, ecosystem: str, record: dict[str, Any]) -> None:
        self.buckets[ecosystem].put({**record, "modified": self.moment})

    def image(self, openssl: str, **more: Any) -> str:
        """Build the base image anew, with this openssl, and give its digest."""
        packages = {"libssl3": openssl, "openssl": openssl, "base-files": "12.4"}
        files = debian_files(packages, release="12", codename="bookworm", origins=OPENSSL)
        made = compressed(layer(system(files)), "gzip")
        created = self.moment
        return push_layers(
            self.registry, "library/python", "3.12-slim", [made], env={"PYTHON_VERSION": "3.12.9"},
            **{"created": created, **more},
        )  # fmt: skip

    def _pages(self) -> int:
        return sum(path.endswith("/issues") or ("/issues/" in path and method == "PATCH")
                   for method, path in self.github.writes())  # fmt: skip


def _stands(repo: Repo) -> Mapping[int, Stand]:
    for pull in repo.pulls.values():
        repo.refresh(pull)
    return {
        number: Stand(state=pull.state, head=pull.head_sha, text=(pull.title, pull.body), comments=len(pull.comments))
        for number, pull in repo.pulls.items()
    }


def _effects(repo: Repo, before: Mapping[int, Stand]) -> Iterator[str]:
    for number, now in _stands(repo).items():
        pull, was = repo.pulls[number], before.get(number)
        told = f"{repo.name}: {{}} #{number}"
        said = [comment.body.splitlines()[0] for comment in pull.comments[was.comments if was else 0 :]]
        if was is None:
            yield f"{told.format('opens')} {pull.head.removeprefix('quarterdeck/')}: {pull.title}"
            continue
        if now.state != was.state:
            yield f"{told.format('closes')}: {'; '.join(said)}"
            continue
        if now.head != was.head:
            yield f"{told.format('pushes')}: {pull.title}"
        elif now.text != was.text:
            yield f"{told.format('rewrites')}: {pull.title}"
        for line in said:
            yield f"{told.format('answers')}: {line}"


def _check(repo: Repo) -> None:
    """Hold what holds always: one open proposal for a branch, and no branch that nobody needs."""
    for pull in repo.pulls.values():
        repo.refresh(pull)
    heads = [pull.head for pull in repo.pulls.values() if pull.state == "open"]
    assert len(set(heads)) == len(heads), f"{repo.full_name} has two open proposals on one branch: {heads}"
    assert all(pull.author == BOT for pull in repo.pulls.values() if pull.head.startswith("quarterdeck/"))
    for ref, _ in repo.branches("heads/quarterdeck/"):
        branch = ref.removeprefix("refs/heads/")
        known = [pull for pull in repo.pulls.values() if pull.head == branch]
        assert known, f"{branch} stands without a proposal"
