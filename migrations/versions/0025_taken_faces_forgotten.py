"""What became of a face taken at a lock, forgotten in time.

Revision ID: 0025
Revises: 0024
"""

from importlib import resources

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0025", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """One more kind that is forgotten."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Forget as before."""
    op.execute(_sql("down"))
