"""The smallest movement that brings packages to wanted versions: pure, with the resolver as a function.

A resolver that is told `child==2` lets a parent that forbids it jump to its newest release, across majors. Asked for
the lowest versions instead, with every pin bounded from below by where it stands, it lets that parent go exactly as
far as it must. Who must move at all is asked without that: a package that the lock leaves open would be lowest too,
and drag others along.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bot.decide.diff import public, version
from bot.model.locks import Pin
from bot.model.reasons import Reason

Versions: TypeAlias = Mapping[str, str]
"""Versions by normalised name."""

ROUNDS = 4  # of packages that move because what joined the lock wants it


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a resolver is asked: PEP 508 `constraints`, and whether the lowest or the newest versions are wanted.

    Pins of the lock stay where they can, either way.
    """

    constraints: tuple[str, ...]
    lowest: bool = False


Ask: TypeAlias = Callable[[Question], Versions | None]
"""Gives the versions of a whole lock; None: there is no solution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Movements:
    """What moves, as exact versions, the wanted packages among them; `why` has a reason for every other one."""

    versions: Versions
    why: tuple[Reason, ...]


def standing(pins: tuple[Pin, ...]) -> Versions:
    """Give where packages stand; one that is pinned twice (for two markers) or to no version is left out."""
    names = [pin.name for pin in pins]
    return {pin.name: pin.version for pin in pins if names.count(pin.name) == 1 and version(pin.version) is not None}


def smallest(current: Versions, wanted: tuple[str, ...], ask: Ask) -> Movements | None:
    """Find the smallest movement from `current` that fulfils `wanted` (`jinja2>=3.1.6`); None: there is none.

    The lowest question gives the wanted versions, and how far others must go at most; who must go at all is seen with
    the newest of everything that the lock leaves open. Where nothing but a step down of another package would do,
    that is taken: the reason says so.
    """
    bounds = tuple(f"{name}>={public(at)}" for name, at in sorted(current.items()))
    names = {_name(line) for line in wanted}
    low = ask(Question(constraints=(*wanted, *(line for line in bounds if _name(line) not in names)), lowest=True))
    if low is None:
        low = ask(Question(constraints=wanted))
    if low is None:
        return None
    fixed = {name: low[name] for name in low if name in names}
    for _ in range(ROUNDS):
        answer = ask(Question(constraints=_exactly(fixed)))
        if answer is None:  # what the lock leaves open cannot be the newest: the lowest goes with the rest
            fixed = {name: at for name, at in low.items() if current.get(name) != at}
            break
        further = {name: low.get(name, at) for name, at in moved(current, answer).items() if name not in fixed}
        if not further:
            break
        fixed |= further
    why = tuple(_reason(name, current, fixed, names) for name in _others(current, fixed, names))
    going = {name: at for name, at in fixed.items() if name in names or current.get(name) != at}
    return Movements(versions=going, why=why)


def moved(current: Versions, answer: Versions) -> dict[str, str]:
    """Give what stands elsewhere in the answer than now; what joins or leaves has not moved."""
    return {name: at for name, at in sorted(answer.items()) if name in current and current[name] != at}


def _exactly(fixed: Versions) -> tuple[str, ...]:
    return tuple(f"{name}=={at}" for name, at in sorted(fixed.items()))


def _name(line: str) -> str:
    return line.partition(">=")[0].partition("==")[0]


def _others(current: Versions, fixed: Versions, names: set[str]) -> list[str]:
    return [name for name, at in sorted(fixed.items()) if name in current and name not in names and current[name] != at]


def _reason(name: str, current: Versions, fixed: Versions, names: set[str]) -> Reason:
    targets = ", ".join(f"{target} {fixed[target]}" for target in sorted(names) if target in fixed)
    before, after = version(current[name]), version(fixed[name])
    lower = before is not None and after is not None and after < before
    how = "only an older release does" if lower else f"{fixed[name]} is the lowest that does"
    return Reason(code="moves-along", subject=name, text=f"{name} {current[name]} does not go with {targets}; {how}")
