"""What projects say of the releases that a rebuild moves to: asked of the index, and of the forges of their sources."""

from functools import partial

from bot.decide import project_links
from bot.errors import AccessDenied, Unavailable
from bot.model.change import PinChange, ProjectNotes
from bot.model.talk import ReleaseNote
from bot.workflow.context import Tools
from bot.workflow.together import together

MOST_PACKAGES = 20  # nobody reads more
READERS = 4  # packages asked about at a time


def project_notes(tools: Tools, pins: tuple[PinChange, ...]) -> tuple[ProjectNotes, ...]:
    """Give links and notes of the direct upgrades, by name; what cannot be had is told and stops nothing."""
    rows = project_links.upgrades(pins)[:MOST_PACKAGES]
    found = together(partial(_of_one, tools), rows, readers=READERS)
    return tuple(sorted(found, key=lambda one: (one.name, one.old, one.new)))


def _of_one(tools: Tools, row: PinChange) -> ProjectNotes:
    old, new = str(row.old), str(row.new)
    try:
        urls = tools.index.links(row.name, new)
    except (Unavailable, AccessDenied) as error:
        return ProjectNotes(name=row.name, old=old, new=new, problem=error.message)
    notes, problem = _notes(tools, project_links.source(urls), old, new)
    links = project_links.links(urls, old, new, notes)
    return ProjectNotes(name=row.name, old=old, new=new, links=links, notes=notes, problem=problem)


def _notes(tools: Tools, source: str, old: str, new: str) -> tuple[tuple[ReleaseNote, ...], str]:
    """Give the notes, and why they could not be had."""
    if tools.release_notes is None or not source:
        return (), ""
    try:
        return tools.release_notes.between(source, old, new), ""
    except (Unavailable, AccessDenied) as error:
        return (), error.message
