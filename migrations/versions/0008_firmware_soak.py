"""Firmware: how long an image is on trial.

Revision ID: 0008
Revises: 0007
"""

from importlib import resources

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", revision, f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """A column more."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Without it."""
    op.execute(_sql("down"))
