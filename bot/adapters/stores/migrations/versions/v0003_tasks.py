"""Work that waits, and the webhook deliveries that were taken in."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "tasks",
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due", moment, nullable=False),
        sa.Column("asked_at", moment, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("lease_until", moment),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("repository", "trigger", name="pk_tasks"),
    )
    op.create_index("tasks_by_state", "tasks", ["state", "urgency", "due"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("taken_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("deliveries_by_time", "deliveries", ["taken_at"])


def downgrade() -> None:
    """Take the tables away."""
    op.drop_table("deliveries")
    op.drop_table("tasks")
