"""A lock's new text in the place of its old one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The text, and the option lines that were left out of it."""

    text: str
    leaked: tuple[str, ...]


def merged(old: str, new: str) -> Merged:
    """Keep the old head and options, and take the new pins."""
    known, fresh = old.splitlines(keepends=True), new.splitlines(keepends=True)
    at_old, at_new = _first(known), _first(fresh)
    leaked = tuple(line.strip() for line in fresh[:at_new] if line.startswith("-"))
    return Merged(text="".join([*known[:at_old], *fresh[at_new:]]), leaked=leaked)


def _first(lines: list[str]) -> int:
    return next((at for at, line in enumerate(lines) if line.strip() and not line.startswith(("#", "-"))), len(lines))
