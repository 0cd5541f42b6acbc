"""Access at certain times, once, and for visitors, whom the register names nobody for.

Revision ID: 0009
Revises: 0008
"""

from importlib import resources

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", revision, f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """What a grant says beside its span, and which credentials are a visitor's."""
    op.execute(_sql("up"))


def downgrade() -> None:
    """Without them; what was granted so stays on the locks as it is."""
    op.execute(_sql("down"))
