"""The section of a proposal's body that says what projects tell of the releases that it moves to."""

from bot.decide import project_links
from bot.decide.markdown import code
from bot.formats import foreign_markdown, foreign_text
from bot.model.change import Change, ProjectNotes
from bot.model.talk import ReleaseNote

LONGEST = 12_000  # characters of notes in a body
LONGEST_OF_ONE = 3_000  # characters of one package's notes
SHORTEST = 100  # characters of a release's notes that are worth their heading
SHORT = 2_000  # characters of links that a body which is too long still carries


def notes_section(change: Change) -> str:
    """Give links for each direct upgrade, and under them the projects' own words, folded."""
    noted = [one for one in change.project_notes if one.notes]
    share = min(LONGEST_OF_ONE, LONGEST // max(1, len(noted)))
    return "\n\n".join(part for part in [_links(change), *(_folded(one, share) for one in noted)] if part)


def links_section(change: Change) -> str:
    """Give the links alone, nothing where they are many."""
    section = _links(change)
    return section if len(section) <= SHORT else ""


def _links(change: Change) -> str:
    """List what there is; packages of which nothing is known share a line, and alone they are not worth a section."""
    lines = {one: _told(one) for one in change.project_notes}
    told = [f"- {code(one.name)} {code(one.old)} → {code(one.new)}: {text}" for one, text in lines.items() if text]
    if not told and not any(one.notes for one in change.project_notes):
        return ""
    silent = ", ".join(code(one.name) for one, text in lines.items() if not text)
    more = len(project_links.upgrades(change.pins)) - len(lines)
    rest = [
        *([f"- {silent}: the index tells neither a changelog nor a source"] if silent else []),
        *([f"- and {more} more, which are not listed"] if more > 0 else []),
    ]
    return "\n".join(["## Release notes", "", *told, *rest])


def _told(one: ProjectNotes) -> str:
    shown = [f"[{name}]({safe})" for name, url in one.links if (safe := foreign_text.linkable(url))]
    problem = [f"its notes could not be had: {foreign_text.words(one.problem)}"] if one.problem else []
    return " · ".join([*shown, *problem])


def _folded(one: ProjectNotes, room: int) -> str:
    """Fold a package's notes, newest first, in at most `room` characters; what does not fit is counted."""
    parts: list[str] = []
    for note in one.notes:
        left = room - sum(map(len, parts)) - len(_heading(note))
        if left < SHORTEST:
            break
        parts.append(f"{_heading(note)}\n\n{foreign_markdown.harmless(note.text, left) or 'nothing'}")
    older = len(one.notes) - len(parts)
    more = [f"… and {older} older {'release' if older == 1 else 'releases'}"] if older else []
    count = f"{len(one.notes)} {'release' if len(one.notes) == 1 else 'releases'}"
    return "\n\n".join(
        [
            f"<details>\n<summary>{foreign_text.words(one.name)}: the notes of {count}</summary>",
            *parts,
            *more,
            "</details>",
        ]
    )


def _heading(note: ReleaseNote) -> str:
    version, title = foreign_text.words(note.version), foreign_text.words(note.title)
    url = foreign_text.linkable(note.url)
    name = f"[{version}]({url})" if url else version
    return f"**{name}**" if note.version in note.title or not title.strip() else f"**{name}** {title}"
