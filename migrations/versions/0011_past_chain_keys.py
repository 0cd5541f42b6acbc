"""Chain keys of past key epochs, and which epoch a head was signed under.

Revision ID: 0011
Revises: 0010
"""

from importlib import resources

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0011", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Where past chain keys are kept."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
