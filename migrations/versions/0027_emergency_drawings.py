"""Emergency PINs are counted by themselves.

Revision ID: 0027
Revises: 0026
"""

from importlib import resources

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0027", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Count them apart."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Count all together."""
    op.execute(_sql("down"))
