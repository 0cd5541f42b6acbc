"""The SQLModel classes say of every table what the migrations made of it."""

import importlib
import pkgutil

from sqlalchemy import Column, Connection, MetaData, Table, Text
from sqlmodel import AutoString, SQLModel

import service
from tests.fixtures_database import Database


def _load_all_records() -> MetaData:
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if ".records" in module.name:
            importlib.import_module(module.name)
    return SQLModel.metadata


def _type_of(column: Column[object], connection: Connection) -> str:
    kind = Text() if isinstance(column.type, AutoString) else column.type
    return kind.compile(dialect=connection.dialect)


def _differences(connection: Connection, table: Table) -> list[str]:
    """What the class says of its columns and the database does not, or the other way round."""
    reflected = Table(table.name, MetaData(), autoload_with=connection)
    ours = {column.name: (_type_of(column, connection), bool(column.nullable)) for column in table.columns}
    theirs = {column.name: (_type_of(column, connection), bool(column.nullable)) for column in reflected.columns}
    found = [
        f"{table.name}.{name}: {ours.get(name)} but {theirs.get(name)}"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    ]
    if {column.name for column in table.primary_key} != {column.name for column in reflected.primary_key}:
        found.append(f"{table.name}: another primary key")
    return found


def test_every_class_fits_its_table(database: Database) -> None:
    tables = _load_all_records().sorted_tables
    assert tables
    with database.migrate.connect() as connection:
        assert [difference for table in tables for difference in _differences(connection, table)] == []


def test_a_class_that_does_not_fit_is_noticed(database: Database) -> None:
    wrong = Table("sign_in", MetaData(), Column("token_hash", Text, primary_key=True), Column("extra", Text))
    with database.migrate.connect() as connection:
        found = " ".join(_differences(connection, wrong))
    assert "token_hash" in found
    assert "extra" in found
    assert "expires_at" in found
