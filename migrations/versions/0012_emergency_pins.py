"""Emergency PINs, and how often PINs are drawn.

Revision ID: 0012
Revises: 0011
"""

from importlib import resources

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0012", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Which credentials call for help, and when PINs were drawn."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
