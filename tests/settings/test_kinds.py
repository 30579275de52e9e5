from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

from bot.settings.kinds import Kind, ListOf, Table
from bot.settings.mistakes import Notes, Place
from bot.settings.reading import ROOT
from bot.settings.repository_file import FILE


def _kinds(table: Table[Any]) -> Iterator[Kind[Any]]:
    for key in table.keys:
        yield key.kind
        inner = key.kind.of if isinstance(key.kind, ListOf) else key.kind
        if isinstance(inner, Table):
            yield from _kinds(inner)


def test_what_cannot_be_read_is_noted_and_a_stand_in_takes_its_place() -> None:
    for kind in (*_kinds(ROOT), *_kinds(FILE)):
        notes = Notes(lines={})

        assert kind.read(2.5, Place(notes=notes, path=("x",))) == kind.blank()
        assert len(notes.mistakes) == 1


def test_every_kind_describes_itself_as_json_schema_that_refuses_what_it_refuses() -> None:
    kinds: list[Kind[Any]] = [ROOT, FILE, *_kinds(ROOT), *_kinds(FILE)]
    for kind in kinds:
        Draft202012Validator.check_schema(kind.schema())
        assert not Draft202012Validator(kind.schema()).is_valid(2.5)
