"""Settle each lock's Python and platform by the images that install it; registries are asked only for those images."""

from dataclasses import replace

from bot.decide.assess import platforms_of
from bot.decide.document import tag_of
from bot.errors import AccessDenied, RepoError, Unavailable
from bot.formats.oci import plain_platform
from bot.model.images import ImageUse, Install
from bot.model.locks import Libc, Lock
from bot.model.snapshot import Snapshot
from bot.ports import Registry
from bot.workflow.case import Case
from bot.workflow.survey_python import TAG, certain, tag_python
from bot.workflow.together import together

READERS = 4


def settle(case: Case, snapshot: Snapshot) -> Snapshot:
    """Say in which Python every install happens, and give locks the Python, platform and C library of theirs."""
    bases = tuple(dict.fromkeys(one.base for one in snapshot.installs if one.base is not None))
    policy = case.rules.policy
    known: dict[ImageUse, tuple[str, Libc]] = {}
    if bases:
        with case.tools.progress.step(case.name, "asking which Python the images have"):
            platforms = [platforms_of(base, policy)[0] for base in bases]
            asked = together(
                lambda pair: _asked(case.tools.registry, *pair), zip(bases, platforms, strict=True), readers=READERS
            )
            known = dict(zip(bases, asked, strict=True))
    installs = tuple(_told(one, known) for one in snapshot.installs)
    locks = tuple(_settled(lock, installs, known, plain_platform(policy.platforms[0])) for lock in snapshot.locks)
    return replace(snapshot, locks=locks, installs=installs)


def _asked(registry: Registry, base: ImageUse, platform: str) -> tuple[str, Libc]:
    """Give an image's Python ("" where nobody tells) and C library, from the registry, else from its name."""
    alpine = "alpine" in base.name.repository or "alpine" in (base.name.tag or "")
    try:
        digest = base.name.digest or registry.look(tag_of(base)).digest
        config = registry.config(base.name, digest, platform)
    except (AccessDenied, RepoError, Unavailable):
        return tag_python(base), Libc.MUSL if alpine else Libc.GLIBC
    found = TAG.match(config.value("PYTHON_VERSION"))
    return (found["version"] if found else tag_python(base)), Libc.MUSL if alpine or config.musl else Libc.GLIBC


def _told(install: Install, known: dict[ImageUse, tuple[str, Libc]]) -> Install:
    """Add the image's Python to an install that names none itself."""
    if install.python or install.base is None:
        return install
    return replace(install, python=known[install.base][0])


def _settled(lock: Lock, installs: tuple[Install, ...], known: dict[ImageUse, tuple[str, Libc]], platform: str) -> Lock:
    """Take what the install that fits the lock says; the first one, where the lock itself names no Python."""
    mine = [one for one in installs if one.lock == lock.path]
    telling = [one for one in mine if one.python]
    if not certain(lock) and telling:
        base = telling[0].base
        told = f" ({base.name.tagged})" if base else ""
        where = f"{telling[0].where}{told}"
        lock = replace(lock, python=telling[0].python, python_from="Dockerfile", python_where=where)
    first = next((one for one in [*telling, *mine] if one.python == lock.python), mine[0] if mine else None)
    if first is None or first.base is None:
        return replace(lock, platform=platform)
    where = plain_platform(first.base.platform) if first.base.platform else platform
    return replace(lock, platform=where, libc=known[first.base][1])
