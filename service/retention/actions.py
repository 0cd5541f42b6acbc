"""The job that ends what was kept long enough."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from service.retention import records
from service.retention.rules import Kind

log = logging.getLogger(__name__)
# What a round takes: some ten milliseconds a kind, and a million rows a day.
ROWS_A_ROUND = 1000
HEADS_A_ROUND = 20_000


def forget_old(session: Session, days: Mapping[Kind, int], now: datetime) -> dict[Kind, int]:
    """A job, in a system transaction: delete what is older than so many days, a bounded number of each kind; how many of which."""
    gone: dict[Kind, int] = {}
    for kind, kept in days.items():
        before = now - timedelta(days=kept)
        if kind is Kind.ENTRY:
            dropped = records.forget_entries(session, before=before, now=now, most=HEADS_A_ROUND)
            gone[kind] = dropped is not None
        else:
            gone[kind] = records.forget(session, kind, before=before, most=ROWS_A_ROUND)
    gone = {kind: rows for kind, rows in gone.items() if rows}
    if gone:
        log.info("kept long enough and deleted: %s", ", ".join(f"{rows} of {kind}" for kind, rows in gone.items()))
    return gone
