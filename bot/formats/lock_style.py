"""How a lock is written: newlines, indentation, annotations, hashes; and an entry written that way.

The styles are those of pip-tools 4 to 7 (`--annotation-style=split` and `line`) and of uv.
"""

import posixpath
from collections import Counter
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from bot.formats.lock_text import (
    FROM,
    LINE_NUMBER,
    VIA,
    Entry,
    Kind,
    LockText,
    annotation_lines,
    joined_comment,
)
from bot.formats.text_lines import EDITOR_ENDINGS, Line

COLUMN = 24  # where pip-compile begins an annotation in the same line
INDENT = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The habits of one lock.

    `annotated`: entries say who wants them; `in_line`: all in one line, behind the pin where there are no hashes.
    `trailing`: a backslash stands behind the last hash, before the annotation (pip-tools before 5.5). `between` parts
    a version from its marker. `origins` are the index addresses of `# from …` lines.
    """

    newline: str
    indent: str
    annotated: bool
    in_line: bool
    trailing: bool
    hash_in_line: bool
    between: str
    origins: frozenset[str]


def style(lock: LockText, fallback: LockText) -> Style:
    """Learn the style of a lock from its own lines; what they leave open is taken from `fallback`."""
    newline = _newline(lock) or _newline(fallback) or "\n"
    entries = lock.entries or fallback.entries
    annotated = any(entry.via for entry in entries)
    hashed = next((entry for entry in entries if entry.hashes and entry.parts), None)
    below = next((line for entry in entries for line in entry.lines[1:] if line.indented), None)
    indent = below.text[: len(below.text) - len(below.text.lstrip())] if below else INDENT
    betweens = Counter(entry.parts.between for entry in entries if entry.parts and entry.marker)
    trailing = any(_trailing(entry) for entry in entries)
    return Style(
        newline=newline,
        indent=indent,
        annotated=annotated,
        in_line=trailing or _in_line(entries),
        trailing=trailing,
        hash_in_line=hashed is not None and "--hash" in hashed.lines[0].text,
        between=betweens.most_common(1)[0][0] if betweens else " ; ",
        origins=frozenset(
            found["url"] for entry in lock.entries for line in entry.lines if (found := FROM.match(line.text))
        ),
    )


def _newline(lock: LockText) -> str:
    lines = [*lock.header, *(line for part in lock.parts for line in (*part.before, *part.lines)), *lock.trailer]
    endings = Counter(line.ending for line in lines if line.ending in EDITOR_ENDINGS)
    return endings.most_common(1)[0][0] if endings else ""


def _in_line(entries: tuple[Entry, ...]) -> bool:
    """Find the line style: an annotation in the pin's own line, or several names behind one `# via`."""
    for entry in entries:
        if not entry.via:
            continue
        opening = next(line for line in (entry.comment, *(line.text for line in entry.lines)) if VIA.match(line))
        if "," in opening or (entry.logical == 1 and VIA.match(entry.comment)):
            return True
    return False


def _trailing(entry: Entry) -> bool:
    """Say whether pip joins the annotation to the pin, because the last hash ends in a backslash."""
    return bool(entry.hashes) and joined_comment(entry)


def convert(lines: tuple[Line, ...], newline: str) -> str:
    """Give lines with another lock's newlines; the last gets one too."""
    return "".join(line.text + newline for line in lines)


def wanted_by(entry: Entry) -> frozenset[str]:
    """Give who wants it in one spelling: package names normalised, paths shortened, line numbers left out.

    pip-compile names a package among those that want it where it is asked for with extras; that says nothing.
    """
    return frozenset(_normal_via(each) for each in entry.via) - {entry.name}


def _normal_via(each: str) -> str:
    word, space, rest = LINE_NUMBER.sub("", each).partition(" ")
    if space and word in {"-r", "-c"}:
        return f"{word} {posixpath.normpath(rest)}"
    name, bracket, _ = word.partition("[")
    return f"{canonicalize_name(name if bracket else word)}{space}{rest}"


def requirement(new: Entry, old: Entry | None, habits: Style) -> str:
    """Spell what a new entry requires as the old one spelled its own; options other than hashes are the new one's."""
    text = new.text
    if new.parts is not None:
        parts, was = new.parts, old.parts if old else None
        same_extras = was is not None and old is not None and old.extras == new.extras
        same_marker = was is not None and bool(new.marker) == bool(was.marker)
        operator = was.operator if was and was.operator.strip() == parts.operator.strip() else parts.operator
        between = (was.between if was and same_marker else habits.between) if new.marker else ""
        name = was.name if was else parts.name
        extras = was.extras if was and same_extras else parts.extras
        text = f"{name}{extras}{operator}{parts.version}{between}{new.marker}"
    elif new.kind is Kind.EDITABLE:
        text = f"-e {text}"
    return " ".join([text, *new.options])


def block(new: Entry, old: Entry | None, habits: Style) -> str:
    """Write an entry of the compiler in the style of the lock, hand-written comments of the old one kept."""
    if new.kind is Kind.STRANGE:
        return convert(new.lines, habits.newline)
    words = [f"--hash={each}" for each in new.hashes]
    head = requirement(new, old, habits)
    lines = [" ".join([head, *words])] if habits.hash_in_line else [head, *(habits.indent + word for word in words)]
    lines = [f"{line} \\" for line in lines[:-1]] + lines[-1:]
    via = old.via if old is not None and wanted_by(old) == wanted_by(new) else new.via
    remark = _remark(old) if old else ""
    behind, below = _annotation(via, habits, alone=bool(new.hashes or remark))
    below += [line.text for line in new.lines if (found := FROM.match(line.text)) and found["url"] in habits.origins]
    if behind:
        lines[-1] = f"{lines[-1]:{COLUMN}}  {behind}"
    elif remark:
        lines[-1] += f"  {remark}"
    elif below and new.hashes and habits.trailing:
        lines[-1] += " \\"
    return "".join(line + habits.newline for line in [*lines, *below, *_notes(old)])


def reannotated(new: Entry, old: Entry, habits: Style) -> str:
    """Give the old entry's lines as they are, with the new one's annotation in place of its own."""
    mine = annotation_lines(old)
    last = max(index for index in range(old.logical) if not old.lines[index].comment)
    texts = [line.text for line in old.lines]
    if VIA.match(old.comment) and not joined_comment(old):
        texts[last] = texts[last].removesuffix(old.comment).rstrip()
    behind, below = _annotation(new.via, habits, alone=bool(old.hashes or _remark(old)))
    if behind:
        texts[last] = f"{texts[last]:{COLUMN}}  {behind}"
    if last + 1 in mine and not below:
        texts[last] = texts[last].removesuffix("\\").rstrip()
    place = min(mine, default=last + 1)
    kept = [(index, text + (old.lines[index].ending or habits.newline)) for index, text in enumerate(texts)]
    above = [raw for index, raw in kept if index < place]
    beneath = [raw for index, raw in kept if index >= place and index not in mine]
    return "".join([*above, *(line + habits.newline for line in below), *beneath])


def _remark(entry: Entry) -> str:
    """Give a comment that a person wrote behind the requirement, in its line."""
    return "" if joined_comment(entry) or VIA.match(entry.comment) else entry.comment


def _notes(entry: Entry | None) -> list[str]:
    """Give the comments that a person wrote into an entry, in lines of their own."""
    if entry is None:
        return []
    mine = annotation_lines(entry)
    lines = [line.text for index, line in enumerate(entry.lines) if line.comment and index not in mine]
    return [text for text in lines if not FROM.match(text)]


def _annotation(via: tuple[str, ...], habits: Style, *, alone: bool) -> tuple[str, list[str]]:
    """Give what stands behind the pin, and the lines below it; `alone`: nothing may stand behind it."""
    if not via or not habits.annotated:
        return "", []
    if habits.in_line:
        told = f"# via {', '.join(via)}"
        return ("", [habits.indent + told]) if alone else (told, [])
    if len(via) == 1:
        return "", [f"{habits.indent}# via {via[0]}"]
    return "", [f"{habits.indent}# via", *(f"{habits.indent}#   {name}" for name in via)]
