"""A lock that was stolen is there again.

Revision ID: 0026
Revises: 0025
"""

from importlib import resources

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0026", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Since when it is there again."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
