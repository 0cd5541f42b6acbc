"""Which locks the broker must refuse, for the process that has the authority's key.

Revision ID: 0018
Revises: 0017
"""

from importlib import resources

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0018", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """The list, and who may read it."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
