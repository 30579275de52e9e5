"""Schema migrations (Alembic): `env.py` runs them on a connection that `schema.upgrade` opens, all or nothing.

A new one is a file in `versions/`, its revision at the end of `tables.VERSIONS`, and the same change in `tables`;
a test holds the migrated and the freshly made schema together.
"""
