"""What Alembic runs for each migration; service/edges/migrate.py hands over the open connection."""

from alembic import context
from sqlalchemy import text

# Any fixed number will do: whoever migrates the same database waits for the one who came first.
_ONE_AT_A_TIME = 0x616E6D656E

connection = context.config.attributes["connection"]
connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
context.configure(connection=connection)
context.run_migrations()
