"""Alarms that people must see to.

Revision ID: 0016
Revises: 0015
"""

from importlib import resources

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0016", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Where alarms are kept, and who may see which."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
