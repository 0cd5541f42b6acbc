"""Doors of the whole house, and hours in which they stand unlocked.

Revision ID: 0022
Revises: 0021
"""

from importlib import resources

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0022", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Shared doors, and passages."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
