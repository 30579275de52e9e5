"""How far the packages of one lock move: asked of uv, in the smallest steps where not everything may move."""

from dataclasses import dataclass

from bot.adapters.lockers import asking, command_lines
from bot.adapters.lockers.asking import Answer, Uv
from bot.decide import steps
from bot.decide.steps import Question, Versions
from bot.formats import lock_file
from bot.model.plan import FixAtLeast, Refresh, Relock, UpgradeAll, UpgradeOnly
from bot.model.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """What a compiler is told: `options` that let packages move, and uv's `answer` to the same question.

    `why` has a reason for each package that moves along with the wanted ones.
    """

    options: tuple[str, ...]
    answer: Answer
    why: tuple[Reason, ...] = ()


def decide(uv: Uv, relock: Relock) -> Moving:
    """Ask uv what would move; where it cannot tell, the answer holds its complaint and the compiler is left to it."""
    match relock.movement:
        case UpgradeAll() | Refresh():
            return _plain(uv, tuple(command_lines.movement(relock)))
        case UpgradeOnly(names=names):
            options = tuple(command_lines.movement(relock))
            free = asking.ask(uv, options)
            wanted = _newest(uv, free, names)
            return Moving(options=options, answer=free) if not wanted else _least(uv, wanted)
        case FixAtLeast(names=names) as fix:
            least = tuple(command_lines.least(fix))
            free = asking.ask(uv, command_lines.movement(relock)) if names else Answer(text=None)
            return _least(uv, (*least, *_newest(uv, free, names)))


def _newest(uv: Uv, free: Answer, names: tuple[str, ...]) -> tuple[str, ...]:
    """Give the newest versions of named packages that an answer found."""
    newest = {} if free.text is None else _versions(uv, free.text)
    return tuple(f"{name}=={newest[name]}" for name in names if name in newest)


def _plain(uv: Uv, options: tuple[str, ...]) -> Moving:
    return Moving(options=options, answer=asking.ask(uv, options))


def _least(uv: Uv, wanted: tuple[str, ...]) -> Moving:
    """Take the smallest steps; without a solution the options say what was wanted, so that the compiler explains."""
    last = Answer(text=None)

    def ask(question: Question) -> Versions | None:
        nonlocal last
        lowest = ("--resolution=lowest",) if question.lowest else ()
        last = asking.ask(uv, (), *lowest, constraints=question.constraints)
        return None if last.text is None else _versions(uv, last.text)

    found = steps.smallest(steps.standing(uv.lock.pins), wanted, ask)
    if found is None:
        return Moving(options=tuple(f"--upgrade-package={line}" for line in wanted), answer=last)
    options = (*command_lines.exactly(dict(found.versions)), *(f"--upgrade-package={line}" for line in found.open))
    return Moving(options=options, answer=asking.ask(uv, options), why=found.why)


def _versions(uv: Uv, text: str) -> Versions:
    return steps.standing(lock_file.pins(uv.lock.path, text)[0])
