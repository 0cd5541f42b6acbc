"""What a release is called. Pure."""

from typing import NewType

ReleaseId = NewType("ReleaseId", int)
