"""New static keys for a lock, offered over the link.

Revision ID: 0021
Revises: 0020
"""

from importlib import resources

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0021", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Where a pair waits for its lock, and how it takes the place of the old one."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
