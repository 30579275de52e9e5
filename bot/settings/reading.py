"""TOML text -> Settings, or every mistake in it at once."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from bot.formats.toml_lines import lines
from bot.model.policy import Policy, Schedule
from bot.settings import keys, texts
from bot.settings.kinds import Key, ListOf, Table
from bot.settings.mistakes import BadSettings, Mistake, Notes, Place
from bot.settings.values import RepositorySettings, Settings

NOT_YET: tuple[str, ...] = ()
"""Keys that this version reads and does not act on yet. An issue that acts on one takes it out."""

SUFFIX = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
ENDLESS_NUMBER = re.compile(r"[0-9_]{4300}")  # what Python refuses to read as one number


def read(text: str, name: str) -> Settings:
    """Read a configuration; `name` is how messages call it. Raises BadSettings with all mistakes, in their order."""
    data, notes = document(text, name)
    settings = ROOT.read(data, Place(notes=notes))
    complain(notes, name)
    return settings


def not_acted_on(text: str) -> tuple[str, ...]:
    """Name what a configuration sets and this version does not act on, in the order of the alphabet.

    The text must have passed `read`; where it is no TOML, BadSettings is raised.
    """
    _, notes = document(text, "configuration")
    given = {".".join(step for step in path if isinstance(step, str)) for path in notes.lines}
    return tuple(sorted(given & set(NOT_YET)))


def document(text: str, name: str) -> tuple[dict[str, Any], Notes]:
    """Parse TOML and find its lines; raises BadSettings with one mistake where it is no TOML."""
    text = text.removeprefix("\ufeff")
    try:
        return tomllib.loads(text), Notes(lines=lines(text))
    except RecursionError:
        _refuse(name, 1, "this is nested too deeply to be a configuration")
    except tomllib.TOMLDecodeError as error:
        found = SUFFIX.search(str(error))
        at_end = text.count("\n", 0, len(text.rstrip())) + 1
        line = int(found["line"]) if found and found["line"] else at_end
        _refuse(name, line, f"this is not TOML: {SUFFIX.sub('', str(error))}")
    except ValueError:
        match = ENDLESS_NUMBER.search(text)
        _refuse(name, text.count("\n", 0, match.start() if match else 0) + 1, "a number is too long")


def _refuse(name: str, line: int, message: str) -> NoReturn:
    raise BadSettings(name, (Mistake(line=line, key="", message=message),)) from None


def complain(notes: Notes, name: str) -> None:
    """Raise BadSettings where there are mistakes."""
    if notes.mistakes:
        raise BadSettings(name, tuple(sorted(notes.mistakes, key=lambda mistake: mistake.line)))


def _settings(**read: Any) -> Settings:
    """Put the sections together: the timezone goes into the schedule, each repository gets its whole policy."""
    bot, schedule = dict(read.pop("bot", {})), dict(read.pop("schedule", {}))
    if "timezone" in bot:
        schedule["timezone"] = bot.pop("timezone")
    policy = merged(Policy(), read.pop("policy", {}))
    repositories = tuple(
        RepositorySettings(**(one | {"policy": merged(policy, one.get("policy", {}))}))
        for one in read.pop("repository", ())
    )
    plural = {"index": "indexes", "registry": "registries", "waiver": "waivers"}
    rest = {plural.get(name, name): value for name, value in read.items()}
    return Settings(schedule=Schedule(**schedule), policy=policy, repositories=repositories, **bot, **rest)


def merged(policy: Policy, own: Mapping[str, Any]) -> Policy:
    """Put what is set over a policy."""
    return replace(policy, **own)


def _whole(values: Mapping[str, Any], at: Place) -> None:
    """Check what only the whole configuration tells."""
    _unique(values.get("repository", ()), "name", at.child("repository"))
    _one_label(values.get("notify", ()), at.child("notify"))
    hosts = [{"host": registry.host} for registry in values.get("registry", ())]
    _unique(hosts, "host", at.child("registry"))
    local = "forge" in values and values["forge"].kind == "local"
    if local and values.get("discover"):
        at.child("discover").child(0).wrong("[[discover]] needs a forge that can be asked", 'write kind = "github"')
    for place, one in enumerate(values.get("repository", ())):
        spot = at.child("repository").child(place)
        if "url" in one or not one["name"]:
            continue
        if local:
            spot.wrong(f"'url' is missing {spot.table}", "the local forge needs to know where the repository is")
        elif re.fullmatch(texts.REPOSITORY, one["name"]) is None:
            spot.child("name").wrong(f"{spot.child('name').label} must be OWNER/NAME", "or write its url too")


def _unique(tables: Any, key: str, at: Place) -> None:
    seen: dict[str, int] = {}
    for place, table in enumerate(tables):
        value = table[key].casefold()
        if value and value in seen:
            first = at.notes.line(at.child(seen[value]).child(key).path)
            spot = at.child(place).child(key)
            spot.wrong(f"{spot.label} is the same as in line {first}", "keep one of them")
        seen.setdefault(value, place)


def _one_label(targets: Any, at: Place) -> None:
    """Require that no two targets are called the same: what each was told is kept under what it is called."""
    seen: set[str] = set()
    for place, target in enumerate(targets):
        if target.label != keys.SECRET.blank().env and target.label in seen:
            spot = at.child(place)
            spot.child("name").wrong(f"two targets {spot.table} are called the same", "give each a name of its own")
        seen.add(target.label)


def _many(table: Table[Any]) -> ListOf[Any]:
    return ListOf(of=table, tables=True)


ROOT: Table[Settings] = Table(
    keys=(
        Key("bot", keys.BOT, "Quarterdeck itself."),
        Key("forge", keys.FORGE, "Where proposals go."),
        Key("schedule", keys.SCHEDULE, "When rebuilds fall."),
        Key("policy", keys.POLICY_TABLE, "What every repository is held to, unless it says otherwise."),
        Key("service", keys.SERVICE, "The long-lived service."),
        Key("engine", keys.ENGINE, "What runs the work."),
        Key("isolation", keys.ISOLATION, "How resolvers are kept apart."),
        Key("python", keys.PYTHON, "Interpreters."),
        Key("index", _many(keys.INDEX), "Package indexes beside the default one."),
        Key("discover", _many(keys.DISCOVER), "Repositories by owner and topic."),
        Key("registry", _many(keys.REGISTRY), "Credentials, plain-http registries, mirrors."),
        Key("advisories", _many(keys.ADVISORIES), "Sources of advisories."),
        Key("lifetimes", keys.LIFETIMES, "When releases reach the end of their life."),
        Key("built_tags", _many(keys.BUILT_TAGS), "Lists of the tags of images that are still built."),
        Key("notify", _many(keys.NOTIFY), "Where people are told what they should know."),
        Key("notifications", keys.NOTIFICATIONS, "What is worth a message, and how many."),
        Key("repository", _many(keys.REPOSITORY), "The repositories to look after."),
        Key("waiver", _many(keys.WAIVER), "Advisories that are accepted until a date."),
    ),
    build=_settings,
    check=_whole,
)
