"""Faces taken at a lock, and faces that a lock has erased.

Revision ID: 0020
Revises: 0019
"""

from importlib import resources

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0020", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """What is on its way from a lock to an enrolment, and what a lock has erased."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
