"""Settle each lock's Python and platform by the images that install it; registries are asked only for those images."""

import re
from dataclasses import dataclass, replace

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
FULL = re.compile(r"3\.\d+\.\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an image has: its Python (`3.12`, and `3.12.9`; "" where nobody tells) and C library."""

    python: str
    full: str
    libc: Libc


def settle(case: Case, snapshot: Snapshot) -> Snapshot:
    """Say in which Python every install happens, and give locks the Python, platform and C library of theirs."""
    bases = tuple(dict.fromkeys(one.base for one in snapshot.installs if one.base is not None))
    policy = case.rules.policy
    known: dict[ImageUse, Asked] = {}
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


def _asked(registry: Registry, base: ImageUse, platform: str) -> Asked:
    """Give an image's Python ("" where nobody tells) and C library, from the registry, else from its name."""
    alpine = "alpine" in base.name.repository or "alpine" in (base.name.tag or "")
    try:
        digest = base.name.digest or registry.look(tag_of(base)).digest
        config = registry.config(base.name, digest, platform)
    except (AccessDenied, RepoError, Unavailable):
        return Asked(python=tag_python(base), full="", libc=Libc.MUSL if alpine else Libc.GLIBC)
    named = config.value("PYTHON_VERSION")
    found = TAG.match(named)
    return Asked(
        python=found["version"] if found else tag_python(base),
        full=named if FULL.fullmatch(named) else "",
        libc=Libc.MUSL if alpine or config.musl else Libc.GLIBC,
    )


def _told(install: Install, known: dict[ImageUse, Asked]) -> Install:
    """Add the image's Python to an install that names none itself."""
    if install.python or install.base is None:
        return install
    return replace(install, python=known[install.base].python)


def _settled(lock: Lock, installs: tuple[Install, ...], known: dict[ImageUse, Asked], platform: str) -> Lock:
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
    asked = known[first.base]
    full = asked.full if asked.python == lock.python else lock.python_full
    return replace(lock, platform=where, libc=asked.libc, python_full=full)
