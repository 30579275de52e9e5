"""As whom we speak to one GitHub: a keyring gives the token for an owner's repositories, and takes note of refusals.

It lives as long as the process, is shared by all that speak to that GitHub, and is safe for several threads.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from bot.model.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a person can do where GitHub refuses: the credential itself, a permission, or to know a repository."""

    credential: str
    permission: str
    missing: str


TOKEN_HINTS: Final = Hints(
    credential="check `token` under [forge]: it is wrong, expired or revoked",
    permission="the token needs the permissions contents: write and pull requests: write on this repository, "
    "and authorisation where the organisation asks for single sign-on",
    missing="check the repository's name, and that the token may see it",
)
APP_HINTS: Final = Hints(
    credential="check `app` under [forge]: GitHub refuses even a token that was made a moment ago",
    permission="the GitHub App needs the permissions contents: write and pull requests: write, "
    "and the repository's owner must have accepted them",
    missing="check the repository's name, and that the GitHub App is installed on it",
)


class Keyring(Protocol):
    """Tokens for one GitHub."""

    @property
    def hints(self) -> Hints:
        """Give what a person can do where GitHub refuses."""
        ...

    def token(self, owner: str) -> Secret:
        """Give a token for the repositories of an owner that holds for minutes at least; "" is any owner's.

        Raises AccessDenied and Unavailable.
        """
        ...

    def lost(self, owner: str, token: Secret) -> bool:
        """Note that GitHub refused a token as such; say whether `token` gives another one now."""
        ...

    def login(self, ask: Callable[[], str]) -> str:
        """Give our own name at GitHub; `ask` asks for that of whom a token belongs to."""
        ...


class TokenKeys:
    """Implements `Keyring` with one token for everything."""

    hints = TOKEN_HINTS

    def __init__(self, token: Secret) -> None:
        self._token = token
        self._login = ""
        self._lock = threading.Lock()

    def token(self, owner: str) -> Secret:
        """Give the token; see `Keyring`."""
        del owner
        return self._token

    def lost(self, owner: str, token: Secret) -> bool:
        """Say that there is no other one."""
        del owner, token
        return False

    def login(self, ask: Callable[[], str]) -> str:
        """Give our own name, asked for once."""
        with self._lock:
            if not self._login:
                self._login = ask()
            return self._login
