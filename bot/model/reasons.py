"""Why something is so: made where the fact is known, rendered in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason: `code` for machines, `subject` (a package, an image, a lock), `text` for people."""

    code: str
    subject: str
    text: str
    links: tuple[str, ...] = ()
