"""GitHub's description of a repository as ours."""

from typing import Any
from urllib.parse import urlsplit

from bot.errors import Unavailable
from bot.model.fleet import Found


def found_of(row: Any, api: str, *, may_write: bool | None = None) -> Found:
    """Read a description of a repository; `api` is where it was asked for.

    `may_write` is what is known of that from elsewhere. Raises Unavailable where it is no description of one.
    """
    try:
        permissions = row.get("permissions")
        allowed = not isinstance(permissions, dict) or bool(permissions.get("push", True))
        return Found(
            id=f"{urlsplit(api).netloc.casefold()}/{int(row['id'])}",
            name=str(row["full_name"]),
            branch=str(row["default_branch"]),
            archived=bool(row["archived"]),
            disabled=bool(row["disabled"]),
            may_write=allowed if may_write is None else may_write,
            topics=tuple(sorted(str(topic) for topic in row.get("topics") or ())),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unavailable("GitHub describes a repository otherwise than it says that it does") from error
