"""By whom a login was tried.

Revision ID: 0014
Revises: 0013
"""

from importlib import resources

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0014", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Tell those who try apart."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
