"""Tokens of a GitHub App: one per installation, minted when it is needed, shared, and minted anew before it expires.

Sources: GitHub's documentation, "Generating a JSON Web Token for a GitHub App" and "Authenticating as a GitHub App
installation": a JWT holds for ten minutes at most and is refused where it comes from the future; an installation's
token holds for an hour. A token asks for no more than what is needed, whatever the App was given.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeVar

from github import Auth, GithubException, GithubIntegration
from github.Requester import Requester
from jwt import PyJWTError

from bot.adapters.forges.github_errors import Asking
from bot.adapters.forges.github_keys import APP_HINTS
from bot.adapters.forges.github_line import API_VERSION, PAGE, TIMEOUT_SECONDS
from bot.errors import AccessDenied, BotError, ConfigError, RepoError
from bot.model.secrets import Secret
from bot.system.clock import system_clock

Result = TypeVar("Result")

MARGIN: Final = timedelta(minutes=5)
LISTED_FOR: Final = timedelta(minutes=1)  # how long a list of installations answers for owners that are not in it
SKEW: Final = timedelta(seconds=60)
NEEDED: Final = {"contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write",
                 "workflows": "write"}  # fmt: skip
WRITES: Final = ("contents", "pull_requests")
WRITING: Final = frozenset({"write", "admin"})
KEY_HINT: Final = "take the file that GitHub gave when the key was made: it begins with -----BEGIN RSA PRIVATE KEY-----"
JWT_HINT: Final = "check `app` under [forge]: `id` is another App's, or the private key was revoked or is another App's"
LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The App at one owner; `permissions` are what the owner granted."""

    id: int
    owner: str
    permissions: Mapping[str, str]
    suspended: bool = False

    @property
    def may_write(self) -> bool:
        """Whether pull requests can be made there."""
        return all(self.permissions.get(name) in WRITING for name in WRITES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """An installation's token, and until when it holds."""

    token: Secret
    expires_at: datetime


class AppKeys:
    """Implements `Keyring` for a GitHub App.

    `learn` is told every token as soon as it is known, before it is used. `now` is the real time: what GitHub says of
    expiry means nothing at another. Raises ConfigError where the private key is none.
    """

    hints = APP_HINTS

    def __init__(  # noqa: PLR0913 - an App is named by three things, and three are for tests
        self,
        url: str,
        app_id: int,
        private_key: Secret,
        *,
        learn: Callable[[Secret], object] = lambda _: None,
        now: Callable[[], datetime] = system_clock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        self._auth = _auth(app_id, private_key)
        self._learn, self._now = learn, now
        self._asking = Asking(sleep=sleep, now=now, hints=APP_HINTS)
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()
        self._passes: dict[str, Pass] = {}
        self._listing = threading.Lock()
        self._installed: dict[str, Installation] = {}
        self._listed_at: datetime | None = None
        self._login = ""

    def token(self, owner: str) -> Secret:
        """Give a token for an owner's repositories; see `Keyring`.

        Raises AccessDenied also where the App is not installed there, or is suspended.
        """
        key = owner.casefold()
        with self._lock:
            lock = self._locks[key]
        with lock:
            kept = self._passes.get(key)
            if kept is None or kept.expires_at - MARGIN <= self._now():
                kept = self._passes[key] = self._minted(owner)
            return kept.token

    def lost(self, owner: str, token: Secret) -> bool:
        """Drop a token that GitHub refuses, so that the next one is a new one."""
        key = owner.casefold()
        with self._lock:
            lock = self._locks[key]
        with lock:
            if (kept := self._passes.get(key)) is not None and kept.token == token:
                del self._passes[key]
        return True

    def login(self, ask: Callable[[], str]) -> str:
        """Give the App's name as the author of what it writes, asked for once."""
        del ask
        with self._listing:
            if not self._login:
                row = self._ask("asking for the name of the GitHub App", lambda hub: _get(hub, "/app"))
                self._login = f"{row['slug']}[bot]"
            return self._login

    def installations(self) -> tuple[Installation, ...]:
        """Ask where the App is installed, by owner; a suspended one is among them."""
        with self._listing:
            return self._list()

    def _list(self) -> tuple[Installation, ...]:
        rows: list[Installation] = []
        page = 1
        while True:
            got = self._ask("listing the installations of the GitHub App", partial(_page, page=page))
            rows += got
            if len(got) < PAGE:
                break
            page += 1
        self._installed = {one.owner.casefold(): one for one in rows}
        self._listed_at = self._now()
        return tuple(sorted(rows, key=lambda one: one.owner.casefold()))

    def _installation(self, owner: str, *, anew: bool = False) -> Installation:
        """Find the installation at an owner; the list is asked for `anew`, or where an old one says no."""
        with self._listing:
            found = self._of(owner)
            old = self._listed_at is None or not timedelta(0) <= self._now() - self._listed_at < LISTED_FOR
            if anew or (old and (found is None or found.suspended)):
                self._list()
                found = self._of(owner)
        if found is None:
            where = f"at {owner}" if owner else "anywhere"
            hint = f"install it at {owner or 'an owner'}, or take these repositories out of the configuration"
            raise AccessDenied(f"the GitHub App is not installed {where}", hint=hint)
        if found.suspended:
            hint = f"an owner of {found.owner} can unsuspend it, among the installed GitHub Apps in its settings"
            raise AccessDenied(f"the installation of the GitHub App at {found.owner} is suspended", hint=hint)
        return found

    def _of(self, owner: str) -> Installation | None:
        if owner:
            return self._installed.get(owner.casefold())
        return next((one for one in self._installed.values() if not one.suspended), None)

    def _minted(self, owner: str) -> Pass:
        """Mint a token; where that is refused, once more for what is installed there now."""
        found = self._installation(owner)
        try:
            return self._mint(found)
        except (RepoError, AccessDenied) as error:
            if isinstance(error, AccessDenied) and error.everywhere:
                raise
            LOG.info("no token for installation %d at %s: %s", found.id, found.owner, error)
            if (again := self._installation(owner, anew=True)) == found:
                raise
            return self._mint(again)

    def _mint(self, found: Installation) -> Pass:
        wanted = {name: _level(found.permissions[name], most) for name, most in NEEDED.items()
                  if name in found.permissions}  # fmt: skip
        address = f"/app/installations/{found.id}/access_tokens"

        def mint(hub: Requester) -> Pass:
            _, row = hub.requestJsonAndCheck("POST", address, input={"permissions": wanted})
            return Pass(token=Secret(str(row["token"])), expires_at=datetime.fromisoformat(row["expires_at"]))

        made = self._ask(f"asking for a token for {found.owner}", mint)
        self._learn(made.token)
        return made

    def _ask(self, doing: str, ask: Callable[[Requester], Result]) -> Result:
        """Ask as the App itself; where GitHub refuses that, everything stands still."""
        with closing(self._connection()) as hub:
            try:
                return self._asking.ask(doing, lambda: ask(hub.requester))
            except BotError as error:
                refused = error.__cause__
                if not isinstance(refused, GithubException) or not _is_refusal(refused):
                    raise
                raise AccessDenied(error.message, hint=self._why(refused), everywhere=True) from refused

    def _connection(self) -> GithubIntegration:
        return GithubIntegration(
            auth=self._auth, base_url=self._url, timeout=TIMEOUT_SECONDS, per_page=PAGE, retry=None,
            seconds_between_requests=None, seconds_between_writes=None, api_version=API_VERSION,
            user_agent="quarterdeck",
        )  # fmt: skip

    def _why(self, refused: GithubException) -> str:
        """Say what to do about a JWT that is refused: the clock is to blame more often than the key."""
        headers = {name.casefold(): str(value) for name, value in (refused.headers or {}).items()}
        try:
            ahead = self._now() - parsedate_to_datetime(headers["date"]).replace(tzinfo=UTC)
        except (KeyError, ValueError):
            return JWT_HINT
        if abs(ahead) <= SKEW:
            return JWT_HINT
        side = "ahead of" if ahead > timedelta(0) else "behind"
        return f"this machine's clock is {abs(ahead).total_seconds():.0f} seconds {side} GitHub's: set it (NTP)"


def _auth(app_id: int, private_key: Secret) -> Auth.AppAuth:
    """Make what signs for the App, and sign once: only that shows what the key is worth."""
    text = private_key.reveal()
    pem = text.replace("\\n", "\n") if "\n" not in text else text  # how environment files write line ends
    auth = Auth.AppAuth(app_id, pem)
    try:
        auth.create_jwt()
    except (PyJWTError, ValueError, TypeError) as error:
        # nobody sees the library's own words, which might repeat a part of the key
        LOG.debug("the private key cannot be used (%s)", type(error).__name__)
        raise ConfigError("`app.private_key` under [forge] is no private key in PEM form", hint=KEY_HINT) from None
    return auth


def _is_refusal(refused: GithubException) -> bool:
    """Whether GitHub refuses the App: its JWT, or to know an App of that id."""
    unknown = refused.status == HTTPStatus.NOT_FOUND and "integration" in str(refused.data).casefold()
    return refused.status == HTTPStatus.UNAUTHORIZED or unknown


def _level(granted: str, most: str) -> str:
    return most if granted in WRITING else granted


def _get(hub: Requester, address: str, **query: object) -> Any:
    return hub.requestJsonAndCheck("GET", address, dict(query) or None)[1]


def _page(hub: Requester, page: int) -> list[Installation]:
    rows = _get(hub, "/app/installations", per_page=PAGE, page=page)
    return [
        Installation(
            id=int(row["id"]),
            owner=str(row["account"]["login"]),
            permissions={str(name): str(level) for name, level in row["permissions"].items()},
            suspended=row.get("suspended_at") is not None,
        )
        for row in rows
    ]
