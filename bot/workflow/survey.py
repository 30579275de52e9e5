"""Survey: which files of a commit concern us, read in one go, and what they pin."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatch

from bot.formats import encodings, foreign_locks
from bot.formats.encodings import Decoded
from bot.formats.image_name import DOCKER_HUB
from bot.model.findings import Unreadable
from bot.model.images import ImageUse
from bot.model.repository import Head, Remote, TreeFile
from bot.model.snapshot import Snapshot
from bot.ports import Workspace
from bot.workflow import image_texts
from bot.workflow.context import Assignment
from bot.workflow.repository_file import Rules, described
from bot.workflow.survey_commands import makings
from bot.workflow.survey_inputs import named
from bot.workflow.survey_locks import Defaults, survey_locks
from bot.workflow.survey_python import installs_of, with_pip_tools

LOCKS_AND_SOURCES = (
    "*.txt", "*.in", "*.lock", "*.pip", "*requirements*", "*constraints*", "pylock*.toml", "*conda-lock.yml",
)  # fmt: skip
BY_NAME = frozenset({
    "pyproject.toml", "setup.cfg", "setup.py", ".python-version", ".tool-versions", ".quarterdeck.toml",
    ".pip-tools.toml", "uv.toml",
})  # fmt: skip
FOREIGN_FOLDERS = frozenset({"node_modules", "site-packages", ".venv", "venv", ".tox"})
LARGEST = 64 * 1024 * 1024  # bytes; a lock of 5 MB is real, what is larger than this is a finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """One commit: the paths of all its files, and the bytes of those that may concern us but for `too_large` ones."""

    remote: Remote
    head: Head
    files: frozenset[str]
    contents: Mapping[str, bytes]
    too_large: frozenset[str] = frozenset()


def interesting(files: tuple[TreeFile, ...]) -> tuple[TreeFile, ...]:
    """Choose the files whose name says that they may concern us."""
    return tuple(file for file in files if _wanted(file.path))


def survey(assignment: Assignment, checkout: Checkout, rules: Rules) -> Snapshot:
    """Turn the interesting files' bytes into a snapshot; what cannot be read is in it as Unreadable."""
    texts, broken = decode({path: data for path, data in checkout.contents.items() if not ignored(path, rules.ignore)})
    images, unreadable = _images(texts, rules.ignored_images)
    locks, requirements, strange = survey_locks(
        _for_locks(texts),
        checkout.files,
        images,
        Defaults(
            python=rules.python or assignment.default_python,
            named=rules.python is not None,
            index_hosts=assignment.index_hosts,
        ),
        rules.locks,
    )
    return Snapshot(
        repository=assignment.repository.name,
        url=checkout.remote.url,
        branch=checkout.head.branch,
        commit=checkout.head.commit,
        locks=with_pip_tools(locks),
        requirements=requirements,
        images=images,
        unreadable=_sorted(*broken, *unreadable, *strange, *_too_large(checkout)),
        installs=installs_of(texts, checkout.files, frozenset(lock.path for lock in locks)),
        upgrades=tuple(layer for path, text in texts.items() for layer in image_texts.upgrade_layers(path, text)),
    )


def decode(contents: Mapping[str, bytes]) -> tuple[dict[str, str], tuple[Unreadable, ...]]:
    """Decode by pip's rule; Dockerfiles, YAML and TOML as UTF-8; what is none and looks like ours is Unreadable."""
    texts: dict[str, str] = {}
    broken: list[Unreadable] = []
    for path, data in sorted(contents.items()):
        images = image_texts.mentions_images(path)
        fixed = images or path.endswith(".toml") or foreign_locks.locker_of(path) is not None
        found = encodings.decode_utf8(data) if fixed else encodings.decode(data)
        if isinstance(found, Decoded):
            texts[path] = found.text
        elif _ours(path, data):
            broken.append(Unreadable(path=path, line=found.line, subject=path, why=found.why))
    return texts, tuple(broken)


def _for_locks(texts: Mapping[str, str]) -> dict[str, str]:
    """Leave out YAML that is read for its images only: a workflow may quote the header of a lock."""
    return {path: text for path, text in texts.items() if image_texts.holds_more(path)}


def _sorted(*rows: Unreadable) -> tuple[Unreadable, ...]:
    return tuple(sorted(set(rows), key=lambda row: (row.path, row.line, row.why)))


def _too_large(checkout: Checkout) -> tuple[Unreadable, ...]:
    why = f"it is larger than {LARGEST // 1024**2} MiB, and so is not read"
    return tuple(Unreadable(path=path, line=0, subject=path, why=why) for path in sorted(checkout.too_large))


def ignored(path: str, patterns: tuple[str, ...]) -> bool:
    """Say whether a path matches one of the repository's `ignore` patterns (`*` crosses folders)."""
    return any(fnmatch(path, pattern) or path.startswith(pattern.rstrip("*/") + "/") for pattern in patterns)


def _is_ignored(use: ImageUse, patterns: tuple[str, ...]) -> bool:
    """Say whether a pattern fits any way to write the image: with and without tag, digest, and Docker Hub's name."""
    name = use.name
    bases = {replace(name, tag=None).tagged, f"{name.registry}/{name.repository}"}
    bases |= {name.repository} if name.registry == DOCKER_HUB else set()
    tags = {"", f":{name.tag}" if name.tag else ""}
    digests = {"", f"@{name.digest}" if name.digest else ""}
    written = {use.reference, *(f"{base}{tag}{digest}" for base in bases for tag in tags for digest in digests)}
    return any(fnmatch(text, pattern) for text in written for pattern in patterns)


def _images(texts: Mapping[str, str], ignore: tuple[str, ...]) -> tuple[tuple[ImageUse, ...], tuple[Unreadable, ...]]:
    uses: list[ImageUse] = []
    unreadable: list[Unreadable] = []
    for path, text in texts.items():
        if image_texts.mentions_images(path):
            found, strange = image_texts.read(path, text)
            uses += [use for use in found if not _is_ignored(use, ignore)]
            unreadable += strange
    return tuple(uses), tuple(unreadable)


def _wanted(path: str) -> bool:
    folders, _, name = path.rpartition("/")
    if FOREIGN_FOLDERS & set(folders.split("/")):
        return False
    if name in BY_NAME or image_texts.mentions_images(path):
        return True
    return any(fnmatch(name, pattern) for pattern in LOCKS_AND_SOURCES)


def check_out(workspace: Workspace, remote: Remote, branch: str | None) -> Checkout:
    """Fetch the branch and read its interesting files, and what locks name besides; too large ones stay out."""
    head = workspace.fetch(remote, branch)
    tree = {file.path: file for file in workspace.tree(head.commit)}
    contents: dict[str, bytes] = {}
    too_large: set[str] = set()
    wanted = {file.path for file in interesting(tuple(tree.values()))}
    while wanted:
        found = workspace.read(remote, [tree[path] for path in sorted(wanted)])
        contents |= {path: _kept(path, data) for path, data in found.items() if len(data) <= LARGEST}
        too_large |= {path for path, data in found.items() if len(data) > LARGEST and _ours(path, data)}
        wanted = _named(contents, frozenset(tree)) - contents.keys() - wanted
    return Checkout(remote=remote, head=head, files=frozenset(tree), contents=contents, too_large=frozenset(too_large))


def _kept(path: str, data: bytes) -> bytes:
    """Forget YAML that mentions no image: any such file of a repository may be a manifest, and few are."""
    return b"" if not image_texts.holds_more(path) and not image_texts.may_mention(path, data) else data


def _ours(path: str, data: bytes) -> bool:
    """Say whether a file that cannot be read as text looks like a lock, a source or a Dockerfile."""
    known = image_texts.is_for_images(path) or foreign_locks.locker_of(path) is not None or path.endswith(".in")
    return known or b"autogenerated by" in data[:2000]


def _named(contents: Mapping[str, bytes], files: frozenset[str]) -> set[str]:
    """Give what locks are compiled from, whatever it is called, and the locks that the repository describes."""
    declared = described(contents)
    texts, _ = decode(contents)
    texts = _for_locks(texts)
    made = makings(texts, files, declared)
    wanted = {*named(made, texts), *(entry.path for entry in declared)}
    configs = (making.head.parsed.config for making in made.values() if making.head.parsed)
    return (wanted | {path for config in configs if config for path in files if path.endswith(config)}) & files
