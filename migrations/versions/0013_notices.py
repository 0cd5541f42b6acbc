"""A word before a tenancy ends early.

Revision ID: 0013
Revises: 0012
"""

from importlib import resources

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0013", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Where such words are kept."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
