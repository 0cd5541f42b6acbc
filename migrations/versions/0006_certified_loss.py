"""Losses that the service certifies.

Revision ID: 0006
Revises: 0005
"""

from importlib import resources

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", revision, f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Where they are kept."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Without them: the cursors have them, too."""
    op.execute(_sql("down"))
