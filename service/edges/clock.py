"""The one place that reads the wall clock; everything else is handed the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """Current instant, timezone-aware, UTC."""
    return datetime.now(UTC)
