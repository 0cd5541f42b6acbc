"""Signed heads of the locks' event chains.

Revision ID: 0002
Revises: 0001
"""

from importlib import resources

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0002", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Where signed heads are kept."""
    op.execute(_sql("chain"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
