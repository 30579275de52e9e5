"""Names of components as purls (package-url/purl-spec, types `pypi`, `oci`, `deb`, `apk`, `rpm`)."""

from collections.abc import Mapping

from packageurl import PackageURL

from bot.decide.exchange import LONGEST_NAME, LONGEST_TEXT
from bot.formats.exchange_text import line
from bot.model.contents import ImageContents
from bot.model.images import ImageName
from bot.model.packages import Package, PackageFormat


def key_of(name: str, version: str) -> tuple[str, str]:
    """Give name and version as the document writes them: what makes two mentions the same component."""
    return line(name, LONGEST_NAME) or "unnamed", line(version, LONGEST_NAME)


def os_package(one: Package, contents: ImageContents) -> PackageURL | None:
    """Give the purl of an installed package; None where its system or its format is not known."""
    if contents.format is None or contents.os is None:
        return None
    os = contents.os
    name, version = key_of(one.name, one.version)
    distro = f"{os.id}-{os.version}" if os.version else os.id
    qualifiers = {"arch": line(one.architecture, LONGEST_NAME), "distro": line(distro, LONGEST_NAME)}
    if contents.format is PackageFormat.RPM:  # there the epoch is a qualifier, elsewhere a part of the version
        epoch, _, rest = version.rpartition(":")
        version = rest
        qualifiers |= {"epoch": epoch} if epoch else {}
    return purl(str(contents.format), name, version, namespace=line(os.id, LONGEST_NAME), qualifiers=qualifiers)


def image(name: ImageName, digest: str) -> PackageURL | None:
    """Give the purl of an image, whose version is its digest."""
    where = line(f"{name.registry}/{name.repository}", LONGEST_TEXT)
    qualifiers = {"repository_url": where, **({"tag": line(name.tag, LONGEST_NAME)} if name.tag else {})}
    return purl("oci", where.rpartition("/")[2].lower(), digest, qualifiers=qualifiers)


def purl(
    kind: str, name: str, version: str, *, namespace: str | None = None, qualifiers: Mapping[str, str] | None = None
) -> PackageURL | None:
    """Give a purl; None for a name that none can hold, which is then told as it is written."""
    known = {key: value for key, value in (qualifiers or {}).items() if value}
    bare = name.strip("/")  # an empty name is refused, one of slashes alone is not, and cannot be written then
    if not bare:
        return None
    return PackageURL(
        type=kind, namespace=namespace or None, name=bare, version=version or None, qualifiers=known or None
    )
