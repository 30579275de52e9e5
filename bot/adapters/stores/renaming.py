"""Carrying what is kept of a repository over to another key, row by row, within one transaction."""

from sqlalchemy import Column, Connection, Table, and_, delete, exists, func, or_, select, update

from bot.adapters.stores.tables import ANSWERS, IGNORED, PROPOSALS, QUARTERS, RUNS


def carry_over(connection: Connection, old: str, new: str) -> None:
    """Give every row of the key `old` the key `new`; where `new` has the same already, that stands."""
    for table, apart in ((QUARTERS, QUARTERS.c.quarter), (PROPOSALS, PROPOSALS.c.number), (IGNORED, IGNORED.c.subject)):
        _move(connection, table, apart, old, new)
    _runs(connection, old, new)
    _answers(connection, old, new)


def _move(connection: Connection, table: Table, apart: Column[object], old: str, new: str) -> None:
    """Move the rows of a table whose key is the repository and `apart`."""
    twin = table.alias()
    same = exists().where(twin.c.repository == new, twin.c[apart.name] == apart)
    connection.execute(delete(table).where(table.c.repository == old, same))
    connection.execute(update(table).where(table.c.repository == old).values(repository=new))


def _runs(connection: Connection, old: str, new: str) -> None:
    """Move runs, and write the new name into their documents, which faces read as they are."""
    rows = connection.execute(select(RUNS.c.id, RUNS.c.name, RUNS.c.document).where(RUNS.c.repository == old)).all()
    for row in rows:
        name = new if row.name == old else row.name
        document = {**row.document, "name": name}
        values = {"repository": new, "name": name, "document": document}
        connection.execute(update(RUNS).where(RUNS.c.id == row.id).values(values))


def _answers(connection: Connection, old: str, new: str) -> None:
    """Move answers whose key is the repository's, or begins with it and a space."""
    begins = func.substr(ANSWERS.c.key, 1, len(old) + 1) == f"{old} "
    keys = connection.execute(select(ANSWERS.c.kind, ANSWERS.c.key).where(or_(ANSWERS.c.key == old, begins))).all()
    for kind, key in keys:
        renamed = f"{new}{key.removeprefix(old)}"
        if connection.scalar(select(ANSWERS.c.used).where(ANSWERS.c.kind == kind, ANSWERS.c.key == renamed)) is None:
            one = and_(ANSWERS.c.kind == kind, ANSWERS.c.key == key)
            connection.execute(update(ANSWERS).where(one).values(key=renamed))
        else:
            connection.execute(delete(ANSWERS).where(ANSWERS.c.kind == kind, ANSWERS.c.key == key))
