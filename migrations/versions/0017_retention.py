"""What is kept for how long.

Revision ID: 0017
Revises: 0016
"""

from importlib import resources

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0017", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """The one way rows go, and indexes to find the old ones by."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
