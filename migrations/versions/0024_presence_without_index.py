"""No index stands on what is written at every opening.

Revision ID: 0024
Revises: 0023
"""

from importlib import resources

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0024", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Drop the index of the nightly job over presence."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Make it again."""
    op.execute(_sql("down"))
