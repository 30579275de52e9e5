"""Where a registry is reached: its API host, its mirror, and where plain http is allowed.

Plain http is spoken only to hosts with `insecure = true` and to mirrors whose address says http://, not even to this
machine without being told so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.model.secrets import Credential
from bot.system.urls import Origin, origin

HUB = "docker.io"
API_HOSTS = {HUB: "registry-1.docker.io"}
TOKEN_HOSTS = {HUB: "auth.docker.io"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryHost:
    """What the operator configured for a registry.

    `host` is as in image names (`docker.io`, `ghcr.io`, `127.0.0.1:5000`). `mirror` is an http(s) address that is
    asked first; a path in it goes before the repository, as pull-through caches want it (`https://cache.example/hub`
    is asked for `hub/library/python`). `credential` is for `host` itself: a mirror that wants one has its own entry.
    """

    host: str
    mirror: str | None = None
    insecure: bool = False
    credential: Credential | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One server that can be asked: `base` is its origin as text, `prefix` stands before every repository.

    `host` is the name under which its credential is kept.
    """

    host: str
    base: str
    prefix: str = ""

    def url(self, repository: str, what: str) -> str:
        """Give the address of `manifests/TAG` or `blobs/DIGEST` (distribution-spec v1.1, end-2 and end-3)."""
        return f"{self.base}/v2/{self.prefix}{repository}/{what}"


def endpoints(registry: str, hosts: Mapping[str, RegistryHost]) -> tuple[Endpoint, ...]:
    """Give the servers that have a registry's images, in the order in which they are asked; the last is the origin."""
    known = hosts.get(registry, RegistryHost(host=registry))
    scheme = "http" if known.insecure else "https"
    upstream = Endpoint(host=registry, base=f"{scheme}://{API_HOSTS.get(registry, registry)}")
    return (_mirror(known.mirror), upstream) if known.mirror else (upstream,)


def plain_hosts(hosts: Mapping[str, RegistryHost]) -> frozenset[str]:
    """Give every `host[:port]` that may be spoken to in plain http."""
    mirrors = (urlsplit(known.mirror) for known in hosts.values() if known.mirror)
    named = {API_HOSTS.get(known.host, known.host) for known in hosts.values() if known.insecure}
    return frozenset(named | {_netloc(mirror.netloc) for mirror in mirrors if mirror.scheme == "http"})


def belongs(realm: Origin, endpoint: Endpoint, hosts: Mapping[str, RegistryHost]) -> bool:
    """Tell whether a token server may see the registry's credential.

    It may where it is the registry's own host, Docker Hub's token server for Docker Hub, a domain above or below the
    registry's (who owns one of them could pose as the other anyway), or a host with a [[registry]] entry of its own.
    A sibling (`tokens.example.com` for `registry.example.com`) is not told from a stranger's `co.uk` neighbour
    without the public suffix list, so it needs such an entry. Ports do not matter: a certificate names a host.
    """
    own = origin(endpoint.base).host
    configured = {origin(f"https://{known.host}").host for known in hosts.values()}
    return realm.host in {TOKEN_HOSTS.get(endpoint.host), *configured} or _related(realm.host, own)


def _mirror(address: str) -> Endpoint:
    parts = urlsplit(address)
    host = _netloc(parts.netloc)
    path = parts.path.strip("/")
    return Endpoint(host=host, base=f"{parts.scheme}://{host}", prefix=f"{path}/" if path else "")


def _netloc(netloc: str) -> str:
    return netloc.rpartition("@")[2].lower()


def _related(one: str, other: str) -> bool:
    """Tell whether one host is the other or lies in its domain; addresses and single labels have no domain."""
    above, below = sorted((one, other), key=len)
    domain = "." in above and not above.rpartition(".")[2].isdigit()
    return above == below or (domain and below.endswith(f".{above}"))
