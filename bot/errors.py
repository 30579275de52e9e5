"""Every error that Quarterdeck raises on purpose, by who must act and how far the failure spreads.

BotError(message, hint, exit_code)
├ ConfigError    the operator edits the configuration   stops start-up (exit 2)
├ AccessDenied   the operator mends a credential        stops that forge or registry
├ RepoError      the repository's owner                 skips this repository; the others go on
│  ├ CloneFailed     the repository cannot be fetched, or has nothing in it
│  ├ LockFailed      a lock cannot be compiled: the resolver's own reason
│  └ PublishFailed   the branch or the proposal was refused
├ Unavailable    nobody; carries retry_after in seconds, retried with back-off
└ StoreError     the operator                           stops the service

Interrupted is none of them: the program ends, the work in hand is no verdict, and nothing may catch it on its way.

A human "no" or "later" is never an error: those are values of `bot.model` with their reasons.
"""

from typing import ClassVar


class BotError(Exception):
    """Something that a person has to know about; `hint` says what they can do."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def kind(self) -> str:
        """Give the name that JSON and logs use for this error: its class name."""
        return type(self).__name__


class ConfigError(BotError):
    """The configuration or the command line is wrong; nothing was started."""

    exit_code = 2


class AccessDenied(BotError):
    """A forge, a registry or an index refused our credentials, or asked for some.

    `everywhere` says that the credential itself is refused: until somebody mends it all work there is pointless. Else
    it is a matter of one repository or one place.
    """

    def __init__(self, message: str, *, hint: str = "", everywhere: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.everywhere = everywhere


class RepoError(BotError):
    """This repository cannot be worked on as it is; the others are not affected."""


class CloneFailed(RepoError):
    """The repository cannot be fetched, is not one, or holds no commit (then `empty`)."""

    def __init__(self, message: str, *, hint: str = "", empty: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.empty = empty


class LockFailed(RepoError):
    """A lock file cannot be compiled; `message` carries the resolver's own reason, shortened."""


class PublishFailed(RepoError):
    """The forge or the repository refused the branch or the proposal."""


class Unavailable(BotError):
    """Something outside does not answer now; trying again later may help.

    `retry_after` is in seconds, None where the other side named no time.
    """

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class StoreError(BotError):
    """Our own data folder or database cannot be used; nothing may go on without it."""


class Interrupted(BaseException):
    """The program is ending: no child is started any more, and what one said is not used.

    Like KeyboardInterrupt it is no Exception: what was under way must neither be taken for a failure nor carried on.
    """
