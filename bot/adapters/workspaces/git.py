"""Our own bare clone of a repository, through GitPython; nothing of the repository is ever executed.

Hooks, fsmonitor, external diff, filters and submodules are off by an own global configuration and by using
plumbing only: files are read with `cat-file` and commits are written with `commit-tree`, so there is no work tree
and no checkout. Credentials reach git through GIT_ASKPASS and its environment, for the remote's own host only.
"""

import hashlib
import logging
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import git
from git.exc import GitCommandNotFound

from bot.adapters.workspaces import git_surroundings
from bot.adapters.workspaces.git_failures import explain
from bot.errors import CloneFailed, PublishFailed, StoreError
from bot.model.change import FileText
from bot.model.repository import CommitInfo, Head, Remote, TreeFile
from bot.system.redaction import carries, redacted

LOG = logging.getLogger(__name__)
TIME_LIMIT = 900.0  # seconds for one git command; a first clone of a large repository takes minutes
CLOCKS_APART = 24 * 60 * 60  # seconds between the dates of commits and their order
# a shallow clone (what CI checks out) is a source like any other
FETCH = ("fetch", "--no-tags", "--force", "--update-shallow", "--no-write-fetch-head", "--quiet")
FALLBACK_BRANCHES = ("main", "master")
OURS = "refs/quarterdeck"
RECEIVE_PACK = "git -c core.hooksPath=/dev/null -c receive.autogc=false -c core.fsmonitor=false receive-pack"
UPLOAD_PACK = "git -c core.hooksPath=/dev/null -c core.fsmonitor=false upload-pack"
BATCH = 1000  # blobs that one process reads
BATCH_WORDS = 3
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class GitWorkspace:
    """The clone of one repository below `data_dir`; implements ports.Workspace.

    It is made, or tidied up, at its first use: by then whoever uses it is alone with it.
    """

    def __init__(self, data_dir: Path, name: str, *, author: str, email: str, home: Path) -> None:
        self._path = data_dir / "clones" / folder_of(name)
        self._support = data_dir / "git"
        self._author = author
        self._email = email
        self._home = home
        self._origin = ""
        self._prepared = False

    def fetch(self, remote: Remote, branch: str | None) -> Head:
        """Bring `branch` up to date; see ports.Workspace. Raises CloneFailed, AccessDenied, Unavailable, StoreError."""
        name, commit = (branch, "") if branch else self._default_branch(remote)
        # flat, for a branch may take the place of one that it lies below
        local = f"{OURS}/base/{name.replace('/', '%2F')}"
        if commit and self._has(remote, local, commit):
            return Head(branch=name, commit=commit)
        depth = ["--unshallow"] if remote.history and (self._path / "shallow").exists() else []
        if not remote.history:
            depth = ["--depth=1", "--filter=blob:none"]
        self._transfer(remote, [*FETCH, *depth,
                                *self._upload_pack(remote), "origin", f"+refs/heads/{name}:{local}"])  # fmt: skip
        return Head(branch=name, commit=self._run(["rev-parse", "--verify", local]).strip())

    def tree(self, commit: str) -> tuple[TreeFile, ...]:
        """List the regular files of a commit; see ports.Workspace."""
        listing = self._run(["ls-tree", "-r", "-z", "--full-tree", commit])
        rows = (entry.partition("\t") for entry in listing.split("\0") if entry)
        files = [
            TreeFile(path=path, blob=meta.split(" ")[2], executable=meta.startswith("100755"))
            for meta, _, path in rows
            if meta.startswith("100")
        ]
        return tuple(sorted(files, key=lambda file: file.path))

    def read(self, remote: Remote, files: Iterable[TreeFile]) -> Mapping[str, bytes]:
        """Read files by path, fetching missing blobs with one request; see ports.Workspace."""
        wanted = tuple(files)
        self._fetch_missing(remote, {file.blob for file in wanted})
        blobs = list(dict.fromkeys(file.blob for file in wanted))
        found: dict[str, bytes] = {}
        for start in range(0, len(blobs), BATCH):
            found |= self._blobs(blobs[start : start + BATCH])
        return {file.path: found[file.blob] for file in wanted}

    def commit(self, base: str, files: Iterable[FileText], message: str, when: datetime) -> str:
        """Write one commit on top of `base`; the same input gives the same id. See ports.Workspace."""
        modes = {file.path: "100755" if file.executable else "100644" for file in self.tree(base)}
        with tempfile.TemporaryDirectory(dir=self._support) as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._run(["read-tree", base], env=index)
            for file in files:
                self._shows_no_secret(base, file)
                blob = self._run(["hash-object", "-w", "--stdin", "--no-filters"], stdin=file.data).strip()
                mode = modes.get(file.path, "100644")
                self._run(["update-index", "--add", "--cacheinfo", f"{mode},{blob},{file.path}"], env=index)
            tree = self._run(["write-tree", "--missing-ok"], env=index).strip()
        stamp = f"{int(when.timestamp())} +0000"
        people = {"GIT_AUTHOR_NAME": self._author, "GIT_AUTHOR_EMAIL": self._email, "GIT_AUTHOR_DATE": stamp,
                  "GIT_COMMITTER_NAME": self._author, "GIT_COMMITTER_EMAIL": self._email,
                  "GIT_COMMITTER_DATE": stamp}  # fmt: skip
        return self._run(
            ["commit-tree", "--no-gpg-sign", tree, "-p", base], env=people, stdin=redacted(message).encode()
        ).strip()

    def _shows_no_secret(self, base: str, file: FileText) -> None:
        """Refuse a file in which a secret of ours stands that did not stand there before."""
        if not carries(file.data.decode(errors="replace")):
            return
        code, old, _ = self._execute(["cat-file", "blob", f"{base}:{file.path}"])
        if code == 0 and carries(old.decode(errors="replace")):
            return
        raise PublishFailed(
            f"{file.path} would carry a secret of Quarterdeck's own configuration into the repository",
            hint="look at the repository's sources for what brings it there; nothing was pushed",
        )

    def push(self, remote: Remote, branch: str, commit: str, *, expected: str | None) -> None:
        """Push with a lease on `expected`; see ports.Workspace. Raises PublishFailed where it is refused."""
        receive = [f"--receive-pack={RECEIVE_PACK}"] if _is_local(remote.url) else []
        lease = f"--force-with-lease=refs/heads/{branch}:{expected or ''}"
        self._transfer(remote, ["push", "--quiet", "--no-verify", *receive, lease, "origin",
                                f"{commit}:refs/heads/{branch}"], failure=PublishFailed)  # fmt: skip

    def delete(self, remote: Remote, branch: str, *, expected: str) -> None:
        """Delete with a lease on `expected`; see ports.Workspace. Raises PublishFailed where it is refused."""
        if branch not in self.branches(remote, branch):
            return
        self.push(remote, branch, "", expected=expected)

    def branch(self, remote: Remote, name: str) -> CommitInfo | None:
        """Fetch the tip of a remote branch; None where there is none. See ports.Workspace."""
        listing = self._transfer(remote, ["ls-remote", *self._upload_pack(remote), "origin", f"refs/heads/{name}"])
        if not listing.strip():
            return None
        local = f"{OURS}/proposals/{name}"
        if self._has(remote, local, listing.split()[0]):
            return self._commits([local, "-1"])[0]
        depth = [] if remote.history else ["--depth=2", "--filter=blob:none"]
        self._transfer(remote, [*FETCH, *depth,
                                *self._upload_pack(remote), "origin", f"+refs/heads/{name}:{local}"])  # fmt: skip
        return self._commits([local, "-1"])[0]

    def conflicts(self, remote: Remote, base: str, head: str, files: Mapping[str, bytes]) -> bool:
        """Say whether files made on top of `base` would conflict with `head`; see ports.Workspace."""
        if not self._obtained(remote, base) or self._taken_back(remote, base, head):
            return True
        before, now = ({file.path: file for file in self.tree(commit)} for commit in (base, head))
        moved = [path for path in sorted(files) if _blob(before.get(path)) != _blob(now.get(path))]
        sides = [side[path] for side in (before, now) for path in moved if path in side]
        self._fetch_missing(remote, {file.blob for file in sides}, ("--no-walk", base, head))
        texts = self._blobs(list(dict.fromkeys(file.blob for file in sides)))
        return any(
            self._clashes(texts.get(_blob(before.get(path))), files[path], texts.get(_blob(now.get(path))))
            for path in moved
        )

    def changed(self, remote: Remote, base: str, commit: str) -> frozenset[str] | None:
        """Give the paths at which two commits differ; see ports.Workspace."""
        if not all(self._obtained(remote, one) for one in (base, commit)):
            return None
        before, now = ({file.path: file for file in self.tree(one)} for one in (base, commit))
        return frozenset(path for path in before.keys() | now.keys() if _blob(before.get(path)) != _blob(now.get(path)))

    def log(self, commit: str, grep: str) -> tuple[CommitInfo, ...]:
        """Give local commits whose message contains `grep`, newest first; see ports.Workspace."""
        return self._commits([commit, "--fixed-strings", f"--grep={grep}", "--max-count=500"])

    def contains(self, commit: str, ancestor: str) -> bool:
        """Say whether `ancestor` is here and reachable from `commit`; what is no id of a commit is not."""
        return (
            bool(COMMIT.fullmatch(ancestor))
            and self._execute(["merge-base", "--is-ancestor", ancestor, commit])[0] == 0
        )

    def branches(self, remote: Remote, prefix: str) -> Mapping[str, str]:
        """Give the remote's branches that begin with `prefix` and the commits they point to."""
        pattern = f"refs/heads/{prefix}*"
        listing = self._transfer(remote, ["ls-remote", *self._upload_pack(remote), "origin", pattern])
        rows = (line.split("\t") for line in listing.splitlines() if "\t" in line)
        return {ref.removeprefix("refs/heads/"): commit for commit, ref in rows}

    # what it takes

    def _prepare(self) -> None:
        if self._prepared:
            return
        self._prepared = True
        try:
            self._support.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            git_surroundings.prepare(self._support)
            if (self._path / "HEAD").exists():
                git_surroundings.remove_old_locks(self._path)
            else:
                self._make()
        except OSError as error:
            raise StoreError(
                f"the data folder cannot be written: {error.strerror or error}",
                hint="choose another one with --data-dir, or make room",
            ) from error

    def _make(self) -> None:
        """Make an empty clone, whole or not at all."""
        with tempfile.TemporaryDirectory(dir=self._support) as folder:
            fresh = Path(folder) / "clone"
            self._run(["init", "--quiet", "--bare", "--template=", str(fresh)], cwd=self._support)
            if self._path.exists():  # what an interrupted start of an older version left
                shutil.rmtree(self._path)
            fresh.rename(self._path)

    def _has(self, remote: Remote, local: str, commit: str) -> bool:
        """Say whether a ref of ours is there already, as deep as it is wanted: then nothing need be fetched."""
        if remote.history and (self._path / "shallow").exists():
            return False
        code, out, _ = self._execute(["rev-parse", "--verify", "--quiet", f"{local}^{{commit}}"])
        return code == 0 and out.decode().strip() == commit

    def _default_branch(self, remote: Remote) -> tuple[str, str]:
        """Give the branch that the remote calls its default, and the commit that it points to.

        HEAD of somebody's checkout is only what they work on now: there, origin's default comes first.
        """
        listing = self._transfer(remote, ["ls-remote", "--symref", *self._upload_pack(remote), "origin"])
        rows = [line.split("\t") for line in listing.splitlines() if "\t" in line]
        symrefs = {name: target.removeprefix("ref: ") for target, name in rows if target.startswith("ref: ")}
        heads = {name.removeprefix("refs/heads/"): commit for commit, name in rows if name.startswith("refs/heads/")}
        head = symrefs.get("HEAD", "").removeprefix("refs/heads/")
        if not heads:
            raise CloneFailed("the repository has no commit yet", hint="commit something and run again", empty=True)
        candidates = [head]
        if _is_checkout(remote.url):
            upstream = symrefs.get("refs/remotes/origin/HEAD", "").removeprefix("refs/remotes/origin/")
            candidates = [upstream, *FALLBACK_BRANCHES, head]
        for name in candidates:
            if name in heads and not name.startswith("quarterdeck/"):
                return name, heads[name]
        for name in (*FALLBACK_BRANCHES, *sorted(heads)):
            if name in heads and not name.startswith("quarterdeck/"):
                return name, heads[name]
        raise CloneFailed("the repository has no branch but ours", hint="name the branch in the configuration")

    def _obtained(self, remote: Remote, commit: str) -> bool:
        """Say whether a commit is here now: an earlier run left it, or the remote gives it out by its id."""
        if not COMMIT.fullmatch(
            commit
        ):  # it may come from a text that people can edit, and git must not read more in it
            return False
        # git would fetch what is missing by itself, the whole history with it, and without our credentials
        alone = {"GIT_ALLOW_PROTOCOL": "none"}
        if self._execute(["cat-file", "-e", f"{commit}^{{tree}}"], env=alone)[0] == 0:
            return True
        depth = [] if remote.history else ["--depth=1", "--filter=blob:none"]
        try:
            self._transfer(remote, [*FETCH, *depth, *self._upload_pack(remote), "origin", commit])
        except CloneFailed as error:
            LOG.info("commit %s is gone from the remote: %s", commit, error)
            return False
        return True

    def _taken_back(self, remote: Remote, base: str, head: str) -> bool:
        """Say whether `head` does not come after `base`; a shallow clone first learns what lies between them."""
        if self.contains(head, base):
            return False
        if remote.history:
            return True
        made = int(self._run(["show", "--no-patch", "--no-show-signature", "--format=%ct", base]))
        since = [f"--shallow-since={max(made - CLOCKS_APART, 0)}", "--filter=blob:none"]
        try:
            self._transfer(remote, [*FETCH, *since, *self._upload_pack(remote), "origin", head])
        except CloneFailed as error:  # nothing is that new: what stands there now is older than `base`
            LOG.info("what lies between %s and %s cannot be fetched: %s", base, head, error)
            return True
        return not self.contains(head, base)

    def _clashes(self, base: bytes | None, ours: bytes, theirs: bytes | None) -> bool:
        """Merge three versions of a file (None: it is not there), as `git merge-file` does."""
        if theirs == ours:
            return False
        if base is None or theirs is None:
            return True
        with tempfile.TemporaryDirectory(dir=self._support) as folder:
            paths = [Path(folder) / name for name in ("ours", "base", "theirs")]
            for path, data in zip(paths, (ours, base, theirs), strict=True):
                path.write_bytes(data)
            # the status is the number of conflicts, or above 127 where it cannot merge (what it takes for binary)
            return self._execute(["merge-file", "-p", "-q", *map(str, paths)])[0] != 0

    def _fetch_missing(self, remote: Remote, blobs: set[str], walk: Iterable[str] = ("--all",)) -> None:
        """Fetch blobs that are not here, in one go; `walk` leads `git rev-list` to what can have them."""
        if remote.history or not blobs:
            return
        lines = self._run(["rev-list", "--objects", "--missing=print", "--no-object-names", *walk]).splitlines()
        missing = sorted(blobs & {line[1:] for line in lines if line.startswith("?")})
        if missing:
            arguments = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--no-tags", "--quiet",
                         "--no-write-fetch-head", "--filter=blob:none", "origin", "--stdin"]  # fmt: skip
            self._transfer(remote, arguments, stdin="\n".join(missing).encode() + b"\n")

    def _blobs(self, blobs: list[str]) -> dict[str, bytes]:
        """Read blobs with one process, which answers each with a line of its id, kind and size, and its bytes."""
        code, out, err = self._execute(["cat-file", "--batch"], stdin="\n".join(blobs).encode() + b"\n")
        found: dict[str, bytes] = {}
        place = 0
        for blob in blobs if code == 0 else ():
            end = out.find(b"\n", place)
            words = out[place:end].split(b" ")
            if len(words) != BATCH_WORDS or words[1] != b"blob":
                raise CloneFailed(f"git cannot read the object {blob}", hint="remove the clone in the data folder")
            place = end + 1 + int(words[2])
            found[blob] = out[end + 1 : place]
            place += 1
        if code != 0:
            raise explain(err, "", CloneFailed)
        return found

    def _commits(self, arguments: list[str]) -> tuple[CommitInfo, ...]:
        form = "--format=%H%x00%P%x00%ae%x00%ce%x00%B%x00%x01"
        listing = self._run(["log", form, "--no-show-signature", *arguments])
        rows = (entry.strip("\n").split("\0") for entry in listing.split("\x01") if entry.strip())
        return tuple(
            CommitInfo(commit=row[0], parents=tuple(row[1].split()), author=row[2], committer=row[3], message=row[4])
            for row in rows
        )

    def _upload_pack(self, remote: Remote) -> list[str]:
        return [f"--upload-pack={UPLOAD_PACK}"] if _is_local(remote.url) else []

    def _transfer(
        self, remote: Remote, arguments: list[str], *, stdin: bytes = b"",
        failure: type[CloneFailed | PublishFailed] = CloneFailed,
    ) -> str:  # fmt: skip
        """Run a command that speaks to the remote, which every command finds under the name `origin`."""
        if self._origin != remote.url:
            self._run(["config", "remote.origin.url", remote.url])
            self._origin = remote.url
        code, out, err = self._execute(arguments, env=git_surroundings.answers(remote), stdin=stdin)
        if code != 0:
            raise explain(err, remote.url, failure)
        return out.decode(errors="surrogateescape")

    def _run(
        self, arguments: list[str], *, env: Mapping[str, str] | None = None, stdin: bytes = b"", cwd: Path | None = None
    ) -> str:
        code, out, err = self._execute(arguments, env=env, stdin=stdin, cwd=cwd)
        if code != 0:
            raise explain(err, "", CloneFailed)
        return out.decode(errors="surrogateescape")

    def _execute(
        self, arguments: list[str], *, env: Mapping[str, str] | None = None, stdin: bytes = b"", cwd: Path | None = None
    ) -> tuple[int, bytes, str]:
        if cwd is None:
            self._prepare()
        runner = git.Git(cwd or self._path)
        with tempfile.TemporaryFile() as handed:
            handed.write(stdin)
            handed.seek(0)
            try:
                code, out, err = runner.execute(
                    ["git", *arguments], istream=handed, with_extended_output=True, with_exceptions=False,
                    stdout_as_string=False, strip_newline_in_stdout=False, kill_after_timeout=TIME_LIMIT,
                    env={**git_surroundings.environment(self._support, self._home), **(env or {})},
                )  # fmt: skip
            except GitCommandNotFound as error:
                raise StoreError("git is not installed", hint="install git and run again") from error
        return int(code), out, str(err)


def folder_of(name: str) -> str:
    """Give the folder of a repository's clone, which no other name has: `acme-web` for `acme/web`.

    Where the name does not follow from that, as in `a/b-c` and `a-b/c`, a digest of it stands behind a `=`, which no
    name of a forge has.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "repository"
    owner, _, rest = name.rpartition("/")
    if plain == (f"{owner}-{rest}" if owner else rest) and "-" not in owner:
        return plain
    return f"{plain}={hashlib.sha256(name.encode()).hexdigest()[:10]}"


def _blob(file: TreeFile | None) -> str:
    return file.blob if file else ""


def _is_local(url: str) -> bool:
    return url.startswith(("/", "file://"))


def _is_checkout(url: str) -> bool:
    """Say whether a local URL is somebody's work tree rather than a bare repository."""
    return _is_local(url) and (Path(url.removeprefix("file://")) / ".git").exists()
