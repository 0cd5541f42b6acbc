"""Doubts whether what speaks as a lock is that lock.

Revision ID: 0004
Revises: 0003
"""

from importlib import resources

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0004", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Where boots and doubts are kept."""
    op.execute(_sql("doubts"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
