"""Who asks the GitHub of the tests, and what it says of accounts: a GitHub App, its installations, lists of owners."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.rig.github_double.operations import Refusal
from tests.rig.github_double.world import Repo

if TYPE_CHECKING:
    from tests.rig.github import GitHubServer

Json = dict[str, Any]
APP_ID = 4711
DAY = "2026-01-01T00:00:00Z"
GRANTED = {"contents": "write", "pull_requests": "write", "issues": "write", "metadata": "read"}
LONGEST = timedelta(minutes=10)
LIVES = timedelta(hours=1)


@cache
def private_key() -> str:
    """The App's key in PEM, made once for all tests."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


@dataclass(kw_only=True)
class Installation:
    id: int
    owner: str
    permissions: dict[str, str]
    suspended: bool = False


@dataclass(kw_only=True)
class Minted:
    """An installation's token, and what it was asked to be allowed."""

    installation: int
    owner: str
    permissions: dict[str, str]
    expires_at: datetime


@dataclass(kw_only=True)
class Listed:
    """An answer: a document, or the rows of a list, which stands under `name` where it is not None."""

    status: int = 200
    document: Any = None
    rows: list[Any] | None = None
    name: str | None = None


@dataclass
class Accounts:
    """The accounts of one server. `now` is its clock; owners are organisations unless they are in `people`."""

    server: "GitHubServer"
    key: str | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    installations: list[Installation] = field(default_factory=list)
    minted: dict[str, Minted] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    readable: set[str] = field(default_factory=set)  # repositories that the token may read and not write

    def install(self, owner: str, **permissions: str) -> Installation:
        """Install the App at an owner; the permissions are over the usual ones."""
        self.key = self.key or private_key()
        made = Installation(
            id=1 + max((one.id for one in self.installations), default=0),
            owner=owner,
            permissions=GRANTED | permissions,
        )
        self.installations.append(made)
        return made

    def revoke_all(self) -> None:
        """Make every token that was minted until now worthless."""
        self.minted.clear()

    def may_see(self, path: str, token: str) -> bool:
        """Say whether git may serve a path (`/owner/name.git/…`) to whoever has a token."""
        found = self.minted.get(token)
        return found is not None and found.expires_at > self.now() and path.split("/")[1] == found.owner

    def owner_of(self, token: str) -> str:
        found = self.minted.get(token)
        if found is None or found.expires_at <= self.now():
            raise Refusal(401, "Bad credentials")
        if any(one.id == found.installation and one.suspended for one in self.installations):
            raise Refusal(403, "This installation has been suspended")
        return found.owner

    def check_jwt(self, token: str) -> None:
        """Check what the App signed, as GitHub does: its key, its id, not from the future, and short-lived."""
        if self.key is None:
            raise Refusal(401, "A JSON web token could not be decoded")
        public = serialization.load_pem_private_key(self.key.encode(), None).public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        try:
            said = jwt.decode(token, public, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False})
        except jwt.PyJWTError as error:
            raise Refusal(401, "A JSON web token could not be decoded") from error
        now = self.now().timestamp()
        if said["iss"] != str(APP_ID):
            raise Refusal(404, "Integration not found")
        if said["exp"] <= now:
            raise Refusal(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
        if said["iat"] > now or said["exp"] > now + LONGEST.total_seconds():
            raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")

    def answer(self, method: str, path: str, sent: Any, viewer: str | None) -> Listed | None:
        """Answer what is about accounts; None for everything else."""
        found: Listed | None = None
        match (method, *path.strip("/").split("/")):
            case ("GET", "app"):
                found = Listed(document=self._app())
            case ("GET", "app", "installations"):
                found = Listed(rows=[self._installation(one) for one in self.installations])
            case ("POST", "app", "installations", id_, "access_tokens"):
                found = Listed(status=201, document=self._mint(int(id_), sent["permissions"]))
            case ("GET", "installation", "repositories"):
                found = Listed(rows=self._installed(viewer), name="repositories")
            case ("GET", ("orgs" | "users") as kind, owner, *more):
                found = self._of_owner(kind, owner, more)
            case ("GET", "user", "repos"):
                found = Listed(rows=self._repositories(lambda repo: repo.owner in self.people))
        return found

    def _installed(self, viewer: str | None) -> list[Json]:
        if viewer is None:
            raise Refusal(403, "You must authenticate with an installation access token")
        return self._repositories(lambda repo: repo.owner == viewer)

    def _of_owner(self, kind: str, owner: str, more: list[str]) -> Listed:
        """Describe an owner, or list its repositories: an organisation's, or a person's public ones."""
        person = owner in self.people
        if not self._exists(owner) or (kind == "orgs" and person):
            raise Refusal(404, "Not Found")
        if not more:
            shape = {"type": "User" if person else "Organization"}
            return Listed(document=self.server.documents.account(owner) | shape)
        return Listed(
            rows=self._repositories(lambda repo: repo.owner == owner and (kind == "orgs" or not repo.private))
        )

    def _exists(self, owner: str) -> bool:
        return owner in self.people or any(repo.owner == owner for repo in self.server.repos.values())

    def _repositories(self, wanted: Callable[[Repo], bool]) -> list[Json]:
        found = sorted((repo for repo in self.server.repos.values() if wanted(repo)), key=lambda repo: repo.full_name)
        return [
            {
                **self.server.documents.repository(repo),
                "permissions": {"admin": False, "push": repo.full_name not in self.readable, "pull": True},
            }
            for repo in found
        ]

    def _app(self) -> Json:
        return {
            "id": APP_ID, "slug": "quarterdeck", "node_id": "A_1", "name": "Quarterdeck", "description": None,
            "owner": self.server.documents.user("acme"), "external_url": "https://example.org", "events": ["push"],
            "html_url": f"{self.server.documents.web}/apps/quarterdeck", "permissions": GRANTED,
            "created_at": DAY, "updated_at": DAY,
        }  # fmt: skip

    def _installation(self, one: Installation) -> Json:
        api, web = self.server.documents.api, self.server.documents.web
        kind = "User" if one.owner in self.people else "Organization"
        # the description wants an account to be a user and an enterprise at once, where GitHub means one of the two
        both = {"type": kind, "name": one.owner, "slug": one.owner, **dict.fromkeys(("created_at", "updated_at"), DAY)}
        return {
            "id": one.id, "account": self.server.documents.user(one.owner) | both, "app_id": APP_ID,
            "app_slug": "quarterdeck", "target_id": one.id, "target_type": kind, "permissions": one.permissions,
            "access_tokens_url": f"{api}/app/installations/{one.id}/access_tokens", "events": ["push"],
            "repositories_url": f"{api}/installation/repositories", "html_url": f"{web}/settings/installations/{one.id}",
            "created_at": DAY, "updated_at": DAY, "single_file_name": None,
            "repository_selection": "all", "suspended_by": None,
            "suspended_at": "2026-01-02T00:00:00Z" if one.suspended else None,
        }  # fmt: skip

    def _mint(self, id_: int, permissions: dict[str, str]) -> Json:
        found = next((one for one in self.installations if one.id == id_), None)
        if found is None:
            raise Refusal(404, "Not Found")
        if found.suspended:
            raise Refusal(403, "This installation has been suspended")
        if not permissions.items() <= found.permissions.items():
            raise Refusal(422, "The permissions requested are not granted to this installation.")
        token = f"ghs_made-up-{found.owner}-{len(self.server.log)}"
        expires_at = (self.now() + LIVES).replace(microsecond=0)
        self.minted[token] = Minted(installation=id_, owner=found.owner, permissions=permissions, expires_at=expires_at)
        return {
            "token": token, "expires_at": f"{expires_at:%Y-%m-%dT%H:%M:%SZ}", "permissions": permissions,
            "repository_selection": "all",
        }  # fmt: skip
