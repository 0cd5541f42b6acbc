"""Commands to locks: ordered, sent, answered.

Revision ID: 0005
Revises: 0004
"""

from importlib import resources

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", revision, f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Where commands are kept."""
    op.execute(_sql("commands"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
