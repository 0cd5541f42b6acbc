"""The end of a tenancy, for programs."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from service.accounts.signed_in import Asking
from service.edges.requests import CurrentParts, Now, Tx
from service.tenancy import actions
from service.tenancy.routes.leasing import TenancyShown
from service.tenancy.rules import EndReason, TenancyEnded, TenancyId

router = APIRouter(prefix="/api/v1", tags=["tenancy"])


class Ending(BaseModel):
    """A landlord says why: agreed (then the tenant is asked) or moved_out (then a day passes). A tenant need not."""

    model_config = ConfigDict(extra="forbid")

    reason: EndReason | None = None


@router.post("/tenancies/{tenancy_id}/end")
def end(tenancy_id: TenancyId, body: Ending, session: Tx, actor: Asking, parts: CurrentParts, now: Now) -> TenancyShown:
    """End a tenancy of one's own; the answer says which lock still honours it and until when.

    A landlord's word about a room that somebody lives in is a `notice` first: it takes effect with the tenant's own word, or
    after a day unless the tenant contradicts it or opens the door.
    """
    ended = actions.end(session, actor, tenancy_id, reason=body.reason, now=now)
    if isinstance(ended, TenancyEnded):
        parts.react(session, ended, now)
    return TenancyShown.of(actions.get_tenancy(session, actor, tenancy_id, keyring=parts.keyring))


@router.post("/tenancies/{tenancy_id}/stay", status_code=204)
def stay(tenancy_id: TenancyId, session: Tx, actor: Asking, now: Now) -> None:
    """The tenant contradicts: I still live here."""
    actions.stay(session, actor, tenancy_id, now=now)


@router.delete("/tenancies/{tenancy_id}/end", status_code=204)
def take_back_end(tenancy_id: TenancyId, session: Tx, actor: Asking, now: Now) -> None:
    """The landlord takes the word back."""
    actions.take_back_end(session, actor, tenancy_id, now=now)
