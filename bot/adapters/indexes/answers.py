"""What the gate answers about a project, kept as bytes between runs: an unchanged page is neither read nor parsed."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from bot.adapters.indexes.pages import Page, Pages
from bot.formats import index_answers
from bot.formats.index_answers import Ages
from bot.system import kept

Form: TypeAlias = Literal["json", "html", "hashes"]
RULES = "1"  # changes whenever the same pages are to be answered otherwise
RECENT = 40  # releases whose ages are kept at hand
VARIANTS = 6  # of one project's answers that are kept: forms times what is hidden
WRITERS = {"json": index_answers.page_json, "html": index_answers.page_html, "hashes": index_answers.hashes_json}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One project as one choice of indexes has it: `folder` is the choice's, `prefix` the address of its files."""

    name: str
    pages: tuple[Page, ...]
    folder: str
    prefix: str

    @property
    def key(self) -> str:
        """Give what is different whenever an answer may be."""
        parts = [RULES, self.prefix, *(f"{page.base} {page.sha256}" for page in self.pages)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Answers:
    """Writes answers, or recalls them from `folder`."""

    def __init__(self, pages: Pages, folder: Path) -> None:
        self._pages = pages
        self._folder = folder

    def ages(self, question: Question, cutoff: float) -> Ages:
        """Say when the project's releases appeared; older ones are left out where they all lie before `cutoff`."""
        path = self._place(question) / "ages"
        known = _recalled(path, question.key)
        if known is not None and known.young(cutoff, frozenset()) is not None:
            return known
        found = index_answers.ages(self._pages.files(question.pages))
        recent = found.firsts[:RECENT]
        document = {
            "key": question.key,
            "firsts": recent,
            "complete": len(recent) == len(found.firsts),
            "undated": found.undated,
        }
        kept.keep(path, json.dumps(document).encode())
        return found

    def body(self, question: Question, form: Form, hidden: frozenset[str], etag: str) -> bytes:
        """Give the bytes of an answer without the releases of these version keys; `etag` names it."""
        path = self._place(question) / f"{etag}.{form}"
        known = kept.recalled(path)
        if known is not None:
            return known
        files = [file for file in self._pages.files(question.pages) if file.key not in hidden]
        body = WRITERS[form](question.name, files, question.prefix)
        kept.keep(path, body)
        _leave(path.parent, VARIANTS)
        return body

    def _place(self, question: Question) -> Path:
        return self._folder / question.folder / question.name


def etag(question: Question, form: Form, hidden: frozenset[str]) -> str:
    """Name an answer without writing it; the same name always means the same bytes."""
    parts = [question.key, form, *sorted(hidden)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _recalled(path: Path, key: str) -> Ages | None:
    try:
        document = json.loads(kept.recalled(path) or b"{}")
        if document["key"] != key:
            return None
        firsts = tuple((float(first), str(release)) for first, release in document["firsts"])
        return Ages(firsts=firsts, complete=bool(document["complete"]), undated=bool(document["undated"]))
    except (ValueError, KeyError, TypeError):
        return None


def _leave(folder: Path, most: int) -> None:
    """Remove the oldest answers about a project."""
    found: Sequence[Path] = sorted(folder.glob("*.*"), key=_written)
    for path in found[:-most]:
        path.unlink(missing_ok=True)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another thread was faster
        return 0.0
