"""What landlords see of claims, handing locks over, and reporting them stolen or broken.

Revision ID: 0015
Revises: 0014
"""

from importlib import resources

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0015", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Releases, reports, and whose claims are whose."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Remove what upgrade created."""
    op.execute(_sql("down"))
