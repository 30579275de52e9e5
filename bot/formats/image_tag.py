"""Tags of images as versions: `3.12.1-slim-bookworm` is numbers and a suffix, and the suffix names an OS release.

Only a tag's letters are specified (distribution-spec v1.1, "Pulling manifests"); the forms are those that Docker's
official images, Bitnami, Temurin and Red Hat have in common.
"""

import re
from dataclasses import dataclass

NUMBER = "[0-9]{1,14}"  # a moment (20260401093000) is the longest number that people write
# Temurin writes a build behind the version: 17.0.9_9-jre-jammy
TAG = re.compile(rf"(v?)({NUMBER}(?:\.{NUMBER}){{2,}}_{NUMBER}|{NUMBER}(?:\.{NUMBER})*)((?:[-_][A-Za-z0-9_.-]*)?)")
LONGEST = 128
DIGITS_ALONE = re.compile(r"[0-9]{7,}")
DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[0-9]{4}(?:[0-9]{2})?)?")
BETWEEN = re.compile(r"[._]")
# `-dev` alone is what hardened images call their variant with a shell: no pre-release without a number behind it
PRE_RELEASE = re.compile(
    r"[-_.](?:(?:rc|alpha|beta|pre|preview|ea|snapshot|nightly|canary|unstable|milestone)[0-9]*|(?:a|b|dev)\.?[0-9]+)"
    r"(?![a-z0-9])"
)

# Releases in their order. What is not released yet can be told from a variant, and is nothing to move to.
DEBIAN = ("wheezy", "jessie", "stretch", "buster", "bullseye", "bookworm", "trixie")
DEBIAN_UNRELEASED = ("forky", "duke", "sid", "testing", "unstable")
UBUNTU = (
    *("precise", "quantal", "raring", "saucy", "trusty", "utopic", "vivid", "wily", "xenial", "yakkety", "zesty"),
    *("artful", "bionic", "cosmic", "disco", "eoan", "focal", "groovy", "hirsute", "impish", "jammy", "kinetic"),
    *("lunar", "mantic", "noble", "oracular", "plucky", "questing", "resolute"),
)
UBUNTU_LTS = frozenset({"precise", "trusty", "xenial", "bionic", "focal", "jammy", "noble", "resolute"})
UBUNTU_LTS_NUMBER = re.compile(r"[0-9]?[02468]\.04")
CODENAMES = {**dict.fromkeys((*DEBIAN, *DEBIAN_UNRELEASED), "debian"), **dict.fromkeys(UBUNTU, "ubuntu")}
FAMILIES = (
    *("almalinux", "alpine", "amazonlinux", "centos", "debian", "fedora", "oraclelinux", "rockylinux", "ubi"),
    *("ubuntu", "al", "el", "leap", "ol"),
)
# Behind a dash may stand a build's number too (`-alpine-2`), so that form is only read where it cannot be one.
RELEASE = re.compile(
    r"(?<=[-_])(?:"
    rf"(?P<codename>{'|'.join(CODENAMES)})"
    rf"|(?P<family>{'|'.join(FAMILIES)})(?P<number>[0-9]{{1,4}}(?:\.[0-9]{{1,4}}){{0,2}})"
    r"|(?P<dashed>debian-(?=1[0-9])|(?:alpine|ubuntu)-(?=[0-9]+\.))(?P<behind>[0-9]{1,2}(?:\.[0-9]{1,2})?)"
    r"|(?P<rolling>alpine)"
    r")(?![A-Za-z0-9.])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag that begins with a version: `prefix` is "" or "v", `suffix` begins with its dash, or is ""."""

    prefix: str
    numbers: tuple[int, ...]
    suffix: str
    text: str

    @property
    def precision(self) -> int:
        """How many numbers there are: 3 in `3.12.1-slim`."""
        return len(self.numbers)


def read(tag: str) -> Tag | None:
    """Read a tag as a version; None for what has no place in an order of releases. Never fails.

    That is what has no number in front (`latest`, `bookworm`, `nightly-20260401`) or letters directly behind it
    (`3.14.0rc1`, `8u392`), a pre-release in the suffix (`8.0-rc1`, `8.0-rc.1`, `8.0-preview-alpine`), and a commit
    (`3f2c1a9`; seven or more digits alone may be one too, unless they are a date).
    """
    found = TAG.fullmatch(tag) if len(tag) <= LONGEST else None
    if found is None:
        return None
    prefix, version, suffix = found.groups()
    early = PRE_RELEASE.search(suffix.lower())
    if early or (DIGITS_ALONE.fullmatch(version) and not DATE.fullmatch(version)):
        return None
    numbers = tuple(int(number) for number in BETWEEN.split(version))
    return Tag(prefix=prefix, numbers=numbers, suffix=suffix, text=tag)


def distribution(suffix: str) -> tuple[str, str] | None:
    """Give the OS release that a suffix names, as family and release: ("debian", "bookworm") of `-slim-bookworm`.

    The release is as it is written ("3.19" of `-alpine3.19`, "12" of `-debian-12-r5`), "" where the family stands
    alone (`-alpine`). None where the suffix names no release.
    """
    found = RELEASE.search(suffix)
    if found is None:
        return None
    if found["codename"]:
        return CODENAMES[found["codename"]], found["codename"]
    family = found["family"] or found["rolling"] or found["dashed"].removesuffix("-")
    return family, found["number"] or found["behind"] or ""


def variant(suffix: str) -> str:
    """Give a suffix with its OS release blotted out, so that two are equal which differ in nothing else.

    `-slim-bookworm` and `-slim-trixie` are both `-slim-{debian}`, `-alpine3.19` is `-{alpine#}`, and
    `-debian-12-r5` is `-{debian-#}-r5`; a suffix without a release stays as it is.
    """
    found = RELEASE.search(suffix)
    if found is None or found["rolling"]:
        return suffix
    form = CODENAMES[found["codename"]] if found["codename"] else f"{found['family'] or found['dashed']}#"
    return f"{suffix[: found.start()]}{{{form}}}{suffix[found.end() :]}"


def is_newer_release(new: tuple[str, str], old: tuple[str, str]) -> bool:
    """Tell whether an OS release (as `distribution` gives it) comes after another one of its family.

    Behind a release of Ubuntu with long support come only other such ones; what is not released yet comes never, and
    codenames are not compared with numbers.
    """
    if new[0] != old[0] or (_has_long_support(old) and not _has_long_support(new)):
        return False
    here, there = place(old), place(new)
    comparable = (old[1] in CODENAMES) == (new[1] in CODENAMES)
    return comparable and here is not None and there is not None and there > here


def place(release: tuple[str, str]) -> tuple[int, ...] | None:
    """Give an OS release's place among those of its family, for sorting; None for one that has none (yet)."""
    family, name = release
    known = DEBIAN if family == "debian" else UBUNTU
    if name in known:
        return (known.index(name),)
    return None if name in CODENAMES or not name else tuple(int(part) for part in name.split("."))


def _has_long_support(release: tuple[str, str]) -> bool:
    family, name = release
    return family == "ubuntu" and (name in UBUNTU_LTS or UBUNTU_LTS_NUMBER.fullmatch(name) is not None)
