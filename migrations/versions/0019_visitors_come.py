"""Visitors who have come: PINs that were used, and rooms where one may be inside.

Revision ID: 0019
Revises: 0018
"""

from importlib import resources

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0019", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """When a PIN was used, and when a visitor came."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
