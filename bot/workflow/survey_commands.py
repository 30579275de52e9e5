"""How each lock is made: the command of its header, of `[[locks]]`, or inferred; where it runs, or why it does not."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.formats import compile_layout, lock_file
from bot.formats.compile_command import CompileCommand
from bot.formats.compile_layout import Layout
from bot.formats.compile_options import Refusal
from bot.formats.lock_file import Header
from bot.workflow.survey_declared import Declared, command_of, suggestion

SETTLED = "describe the lock in .quarterdeck.toml: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a lock cannot be compiled again, and the place (`requirements.txt:5`) that must change."""

    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How one lock is made; `place` is where its command stands."""

    head: Header
    place: str
    layout: Layout | None = None
    obstacle: Obstacle | None = None


def makings(texts: Mapping[str, str], files: frozenset[str], declared: tuple[Declared, ...]) -> dict[str, Making]:
    """Find every lock, by its header or because the repository describes it, and how it is made."""
    described = {entry.path: entry for entry in declared if entry.path in texts}
    found: dict[str, Making] = {}
    for path, text in texts.items():
        head = lock_file.header(text)
        if path in described:
            found[path] = _declared(described[path], head, texts, files)
        elif head is not None:
            found[path] = _headed(path, head, texts, files)
    return found


def _declared(entry: Declared, head: Header | None, texts: Mapping[str, str], files: frozenset[str]) -> Making:
    command = command_of(entry, texts[entry.path], files)
    parsed = command if isinstance(command, CompileCommand) else None
    head = Header(
        locker=entry.locker,
        command=head.command if head else "",
        parsed=parsed,
        python=entry.python or (head.python if head else None),
        line=head.line if head else 0,
    )
    if isinstance(command, str):
        return Making(head=head, place=entry.place, obstacle=Obstacle(place=entry.place, why=command))
    return _laid_out(entry.path, Making(head=head, place=entry.place), command, texts, files)


def _headed(path: str, head: Header, texts: Mapping[str, str], files: frozenset[str]) -> Making:
    making = Making(head=head, place=f"{path}:{head.line}")
    if head.parsed is not None:
        return _laid_out(path, making, head.parsed, texts, files)
    unreplayable = head.unreplayable
    exported = unreplayable is not None and unreplayable.exported
    command = None if exported else compile_layout.inferred(path, texts[path], head.locker, files)
    if command is not None:
        return _laid_out(path, making, command, texts, files)
    why = unreplayable.why if unreplayable is not None else ""
    if not exported:
        hint = SETTLED + suggestion(path, head.locker, files)
        why = f"{why}, and there is no source of the same name; {hint}"
    return Making(head=head, place=making.place, obstacle=Obstacle(place=making.place, why=why))


def _laid_out(
    path: str, making: Making, command: CompileCommand, texts: Mapping[str, str], files: frozenset[str]
) -> Making:
    head, place = making.head, making.place
    layout = compile_layout.layout(path, command, texts, files)
    if isinstance(layout, str):
        hint = SETTLED + suggestion(path, head.locker, files)
        refusals, why, found = command.refusals, f"its header {layout}; restore it, or {hint}", None
    else:
        refusals, why, found = layout.command.refusals, "", layout
    if refusals:
        return Making(head=head, place=place, layout=found, obstacle=_refused(refusals, place))
    obstacle = Obstacle(place=place, why=why) if why else None
    return Making(head=head, place=place, layout=found, obstacle=obstacle)


def _refused(refusals: tuple[Refusal, ...], place: str) -> Obstacle:
    """Tell of the first refused option what to do, and name the others."""
    first, others = refusals[0], sorted({refusal.option for refusal in refusals[1:]} - {refusals[0].option})
    why = f"names {first.option}, which {first.why}; {first.remedy}"
    more = f"; {', '.join(others)} would be refused too" if others else ""
    whose = "" if first.place else "its header "
    return Obstacle(place=first.place or place, why=f"{whose}{why}{more}")
