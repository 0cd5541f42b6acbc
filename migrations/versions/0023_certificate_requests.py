"""A lock asks for its next certificate, and the process with the locks' authority's key signs.

Revision ID: 0023
Revises: 0022
"""

from importlib import resources

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0023", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """What was asked and what was issued, and the one way to write a certificate down."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
