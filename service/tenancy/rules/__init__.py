"""Pure decisions about leases, invitations, registrations and the end of a tenancy; the public names of all four."""

from service.tenancy.rules.ending import (
    ENDED_BY,
    EndedBy,
    TenanciesEnded,
    TenancyBegun,
    TenancyEnded,
    TenancyId,
    check_end,
)
from service.tenancy.rules.inviting import Invitation, InvitationId, InvitationState, invitation_state
from service.tenancy.rules.leases import (
    SITE_ZONE,
    Span,
    check_lease,
    check_room,
    lease_span,
    most_at_once,
    site_day,
)
from service.tenancy.rules.registering import (
    STALE_AFTER,
    Applicant,
    Identity,
    RegistrationForm,
    RegistrationId,
    RegistrationState,
    accept,
    check_seen,
    identity_of,
)

__all__ = [
    "ENDED_BY",
    "SITE_ZONE",
    "STALE_AFTER",
    "Applicant",
    "EndedBy",
    "Identity",
    "Invitation",
    "InvitationId",
    "InvitationState",
    "RegistrationForm",
    "RegistrationId",
    "RegistrationState",
    "Span",
    "TenanciesEnded",
    "TenancyBegun",
    "TenancyEnded",
    "TenancyId",
    "accept",
    "check_end",
    "check_lease",
    "check_room",
    "check_seen",
    "identity_of",
    "invitation_state",
    "lease_span",
    "most_at_once",
    "site_day",
]
