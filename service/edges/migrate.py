"""Brings a database to a revision of the schema. Configured here, so that no alembic.ini is needed beside the code."""

from collections.abc import Callable
from functools import cache
from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, NullPool, create_engine


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up to `revision`; url is a SQLAlchemy URL of the role anmen_migrate, which owns the database."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Migrate down to `revision`; "base" removes every table."""
    _run(url, lambda config: command.downgrade(config, revision))


def at_head(engine: Engine) -> bool:
    """Whether the database has exactly the revision this code was written for; any of our roles may ask."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest_revision()


@cache
def newest_revision() -> str | None:
    """The revision this code was written for."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _run(url: str, step: Callable[[Config], None]) -> None:
    engine = create_engine(url, poolclass=NullPool)
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        step(config)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("migrations")))
    return config
