"""The first register: places, locks, people, consent, access, entries, tenancies, occupancy, and the roles that may touch them.

Revision ID: 0001
Revises:
"""

from importlib import resources

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# In the order they build on one another; SQL stands in files of its own so that it can be read (and checked) as SQL.
STEPS = ("scope", "places", "locks", "people", "access", "entry", "tenancy", "occupancy", "rights")


def _sql(name: str) -> str:
    return resources.files("migrations").joinpath("sql", "0001", f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    """Create everything; each step is one readable SQL file."""
    for step in STEPS:
        op.execute(_sql(step))


def downgrade() -> None:
    """Remove everything that upgrade created; the roles belong to the cluster and stay."""
    op.execute(_sql("down"))
