"""A house passes to another landlord with its locks and its tenants.

Revision ID: 0029
Revises: 0028
"""

from importlib import resources

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0029", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Transfers, and what a landlord gives up with a house."""
    op.execute(_sql("up"))
    op.execute(_sql("retention"))


def downgrade() -> None:
    """Houses stay with their landlords."""
    op.execute(_sql("down"))
