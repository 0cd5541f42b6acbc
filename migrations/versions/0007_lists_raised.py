"""Lists that a lock holds under a version of ours or above: the ingest raises the wanted version above it.

Revision ID: 0007
Revises: 0006
"""

from importlib import resources

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", revision, f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """One more right."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Without it, a lock whose list is ahead of a restored database waits for the next grant."""
    op.execute(_sql("down"))
