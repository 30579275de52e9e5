"""What can go wrong with GitHub, as our own errors, and which of it is worth a second try.

Sources: GitHub's REST documentation, "Troubleshooting the REST API", "Rate limits for the REST API" and
"Best practices for using the REST API" (a secondary limit without Retry-After asks for at least a minute).
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

from github import BadAttributeException, GithubException
from requests import RequestException

from bot.adapters.forges.github_keys import TOKEN_HINTS, Hints
from bot.errors import AccessDenied, BotError, PublishFailed, RepoError, Unavailable
from bot.system.redaction import redacted

Result = TypeVar("Result")

BACK_OFF_SECONDS: Final = (0.5, 1.0)
SECONDARY_LIMIT_SECONDS: Final = 60.0
SENTENCE_CHARACTERS: Final = 400
SERVER_ERRORS: Final = 500

# What PyGithub raises where an answer is not GitHub's: redirects elsewhere, foreign addresses, HTML instead of JSON.
NOT_THE_API = (
    BadAttributeException, RuntimeError, AssertionError, ValueError, TypeError, KeyError, AttributeError,
)  # fmt: skip
FAILURES = (GithubException, RequestException, *NOT_THE_API)

GONE_HINT = "what was asked for is removed or switched off there; issues are switched on in the repository's settings"
BLOCKED_HINT = "GitHub has switched the repository off: its owner must speak to GitHub's support, or take it out here"


class Asking:
    """How GitHub is asked: what is tried again, after which waits, and what its refusals mean.

    `sleep` takes seconds. `renewed` is called where a credential is refused as such, and says whether there is another
    one now: then the same is asked once more, which does no harm, since a refused request was not done.
    """

    def __init__(
        self,
        *,
        sleep: Callable[[float], None],
        now: Callable[[], datetime],
        hints: Hints = TOKEN_HINTS,
        renewed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sleep, self._now, self._hints, self._renewed = sleep, now, hints, renewed

    def ask(self, doing: str, ask: Callable[[], Result], *, repeatable: bool = True) -> Result:
        """Ask GitHub; server errors and broken connections are tried again, where asking twice does no harm.

        `ask` should be nothing but the call of the library: whatever it trips over counts as the other side's fault.
        Raises `bot.errors` only.
        """
        waits = iter(BACK_OFF_SECONDS if repeatable else ())
        renewed = False
        while True:
            try:
                return ask()
            except FAILURES as error:
                if not renewed and _is_credential(error):
                    renewed = self._renewed()
                    if renewed:
                        continue
                wait = next(waits, None) if _passing(error) else None
                if wait is None:
                    raise translated(error, doing, self._now(), self._hints) from error
            self._sleep(wait)


def translated(error: Exception, doing: str, now: datetime, hints: Hints = TOKEN_HINTS) -> BotError:
    """Give our own error for one of FAILURES; `doing` opens its message ("acme/web: opening the pull request")."""
    if isinstance(error, GithubException):
        return _refused(error, doing, now, hints)
    if isinstance(error, RequestException):
        return Unavailable(f"{doing}: GitHub cannot be reached ({type(error).__name__})")
    return Unavailable(f"{doing}: what answered is not GitHub's API", hint="check `url` under [forge]")


def _refused(error: GithubException, doing: str, now: datetime, hints: Hints) -> BotError:
    sentence = f"{doing}: {_sentence(error)}"
    headers = {name.lower(): str(value) for name, value in (error.headers or {}).items()}
    failure: BotError
    match error.status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            failure = Unavailable(sentence, retry_after=_retry_after(headers, now))
        case HTTPStatus.FORBIDDEN | HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS:
            failure = _forbidden(error, sentence, headers, now, hints)
        case HTTPStatus.UNAUTHORIZED:
            failure = AccessDenied(sentence, hint=hints.credential, everywhere=True)
        case HTTPStatus.NOT_FOUND:
            failure = RepoError(f"{doing}: not found, or the token cannot see it", hint=hints.missing)
        case HTTPStatus.GONE:
            failure = RepoError(f"{sentence} ({error.status})", hint=GONE_HINT)
        case HTTPStatus.UNPROCESSABLE_ENTITY | HTTPStatus.CONFLICT:
            failure = PublishFailed(sentence)
        case status if status >= SERVER_ERRORS:
            wait = _seconds(headers.get("retry-after"))
            failure = Unavailable(f"{doing}: GitHub answered {status}", retry_after=wait)
        case status:
            failure = RepoError(f"{sentence} ({status})")
    return failure


def _forbidden(
    error: GithubException, sentence: str, headers: Mapping[str, str], now: datetime, hints: Hints
) -> BotError:
    """Tell a limit, an archived or a blocked repository from a permission that is missing: all may be a 403."""
    if _limited(error, headers):
        return Unavailable(sentence, retry_after=_retry_after(headers, now))
    if "archived" in sentence:
        return RepoError(sentence, hint="unarchive the repository or remove it from the configuration")
    if "access blocked" in sentence or error.status != HTTPStatus.FORBIDDEN:
        return RepoError(sentence, hint=BLOCKED_HINT)
    return AccessDenied(sentence, hint=hints.permission)


def _limited(error: GithubException, headers: Mapping[str, str]) -> bool:
    """Tell a limit from a missing permission: both are a 403."""
    said = str(_data(error).get("message", "")).lower()
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in said


def _retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Give the seconds to wait: what Retry-After says, else until the primary limit's reset, else a minute."""
    named = _seconds(headers.get("retry-after"))
    if named is not None:
        return named
    reset = _seconds(headers.get("x-ratelimit-reset"))
    if headers.get("x-ratelimit-remaining") == "0" and reset is not None:
        return max(0.0, reset - now.timestamp())
    return SECONDARY_LIMIT_SECONDS


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() else None


def _passing(error: Exception) -> bool:
    """Whether the same request may well succeed in a moment; a limit is not waited out here."""
    if isinstance(error, GithubException):
        return error.status >= SERVER_ERRORS
    return isinstance(error, RequestException)


def _is_credential(error: Exception) -> bool:
    return isinstance(error, GithubException) and error.status == HTTPStatus.UNAUTHORIZED


def _sentence(error: GithubException) -> str:
    """Give GitHub's own words, the list of what was not valid included, on one line and shortened."""
    data = _data(error)
    errors = data.get("errors")
    said = [str(data.get("message") or f"GitHub answered {error.status}")]
    said += [_entry(entry) for entry in errors] if isinstance(errors, list) else []
    text = redacted(" ".join("; ".join(part for part in said if part).split()))
    return text if len(text) <= SENTENCE_CHARACTERS else f"{text[:SENTENCE_CHARACTERS]}…"


def _entry(entry: object) -> str:
    """Put one entry of `errors` into words: a plain text, its own message, or resource, field and code."""
    if not isinstance(entry, dict):
        return str(entry)
    parts = (entry.get("resource"), entry.get("field"), entry.get("code"))
    return str(entry.get("message") or " ".join(str(part) for part in parts if part))


def _data(error: GithubException) -> dict[str, Any]:
    return error.data if isinstance(error.data, dict) else {}
