"""Firmware: releases, staged roll-outs, and where each lock stands in one.

Revision ID: 0003
Revises: 0002
"""

from importlib import resources

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", revision, f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Three tables, and who may do what with them."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Without them; a lock that is downloading asks in vain."""
    op.execute(_sql("down"))
