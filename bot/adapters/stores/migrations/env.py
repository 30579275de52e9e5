"""Alembic's entry: run the migrations on the connection (and in the transaction) that the caller holds."""

from alembic import context

from bot.adapters.stores.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,  # our connections begin explicitly, so SQLite takes back half a migration too
)
with context.begin_transaction():
    context.run_migrations()
