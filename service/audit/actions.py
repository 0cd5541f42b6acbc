"""Recording an act. It stands or falls with the transaction it is recorded in."""

from datetime import datetime

from sqlmodel import Session

from service.audit import records
from service.audit.rules import Act, Acting, Detail, without_identity


def record(
    session: Session, actor: Acting | None, act: Act, subject: str | int, *, now: datetime, **details: Detail
) -> None:
    """Append to the ledger who did what to which subject (an id); ValueError where a detail could name a person.

    `actor` is None where nobody is signed in: a tenant with an invitation link, a job. A refusal that must leave a
    trace is recorded here and then *returned*: raising it would take the record back.
    """
    without_identity({"subject": subject})
    records.append_entry(session, actor, act, str(subject), at=now, details=without_identity(details))
