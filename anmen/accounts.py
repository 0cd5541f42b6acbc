"""The command `anmen account`: who may sign in as landlord, grid worker or officer, and the areas where the latter work.

Whoever can run it has the serving role's ANMEN_DATABASE_URL. There is no page for it: nobody who signs in decides who else does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from sqlmodel import Session

    from service.edges.keyring import Keyring

app = typer.Typer(help="Accounts of landlords, grid workers and officers, and areas.", no_args_is_help=True)


@app.command("open")
def open_one(
    role: Annotated[Literal["landlord", "grid_worker", "officer"], typer.Argument(help="In what capacity.")],
    login: Annotated[str, typer.Argument(help="What they sign in with: 2 to 100 letters or digits.")],
    *,
    name: Annotated[str, typer.Option(help="Their name, as others read it.")],
    area: Annotated[
        list[str] | None,
        typer.Option(help="Code of an area where a grid worker or officer works; may be given more than once."),
    ] = None,
) -> None:
    """Open an account. The password is drawn, and printed here only.

    Needs ANMEN_DATABASE_URL (role anmen_serve) and ANMEN_KEYS_FILE. A landlord has no area.
    """
    from anmen.estate import draw_password
    from service.accounts import actions as accounts
    from service.accounts.rules import Role
    from service.edges import clock
    from service.premises import actions as premises

    password = draw_password()
    with _register() as (session, keyring):
        accounts.open_account(
            session,
            role=Role(role),
            login=login,
            password=password,
            name=name,
            areas=[premises.area_with_code(session, code).id for code in area or ()],
            keyring=keyring,
            now=clock.now(),
        )
    typer.echo(f"{login} signs in with the password {password}")


@app.command("area")
def add_area(
    code: Annotated[str, typer.Argument(help="6 digits for a county, 9 a town, 12 a village or community, 15 a grid.")],
    name: Annotated[str, typer.Argument(help="Its name in Chinese.")],
    *,
    english: Annotated[str, typer.Option(help="Its name on English pages.")],
) -> None:
    """Add an area below the one whose code its own begins with, and say its number, by which a house is put into a grid.

    Needs ANMEN_DATABASE_URL (role anmen_serve) and ANMEN_KEYS_FILE.
    """
    from service.premises import actions as premises
    from service.premises.rules import AreaLevel, level_of_code

    level = level_of_code(code)
    with _register() as (session, _):
        parent = premises.area_with_code(session, code[:-3]).id if level is not AreaLevel.COUNTY else None
        number = premises.add_area(session, level=level, code=code, name=name, name_en=english, parent_id=parent)
    typer.echo(f"{name} ({code}) is area {number}.")


@contextmanager
def _register() -> "Iterator[tuple[Session, Keyring]]":
    from anmen.workers import database_of
    from service.edges.keyring import read_keyring
    from service.edges.transaction import SYSTEM, connect, transaction
    from service.settings import Settings

    settings = Settings()
    engine, keyring = connect(database_of(settings), pool_size=1), read_keyring(settings.keys_file)
    try:
        with transaction(engine, SYSTEM) as session:
            yield session, keyring
    finally:
        engine.dispose()
