"""Claiming locks by the secret under their cover.

Revision ID: 0010
Revises: 0009
"""

from importlib import resources

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0010", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Where claims are kept, and what they may change."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
