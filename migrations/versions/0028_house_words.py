"""What the tenants of a house say of a reported lock.

Revision ID: 0028
Revises: 0027
"""

from importlib import resources

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0028", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """They may say it."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Nobody says anything."""
    op.execute(_sql("down"))
