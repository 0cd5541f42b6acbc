"""Inviting, registering, deciding, ending, noticing and viewing; the public names of all six."""

from service.tenancy.actions.deciding import confirm, refuse, refuse_stale
from service.tenancy.actions.ending import end, end_due, end_noticed
from service.tenancy.actions.inviting import (
    Invited,
    Link,
    hold_places,
    invite,
    invited_by_form,
    is_genuine_form_token,
    open_invitation,
    renew_link,
    withdraw_invitation,
)
from service.tenancy.actions.noticing import notices_in_areas, stay, take_back_end
from service.tenancy.actions.registering import Registered, forget_waiting_faces, register_tenant
from service.tenancy.actions.viewing import (
    InvitationView,
    RoomView,
    TenancyView,
    WaitingView,
    get_registration,
    get_room,
    get_tenancy,
    rooms_of_landlord,
    tenancies_of_tenant,
)
from service.tenancy.records.notices import PlacedNotice

__all__ = [
    "InvitationView",
    "Invited",
    "Link",
    "PlacedNotice",
    "Registered",
    "RoomView",
    "TenancyView",
    "WaitingView",
    "confirm",
    "end",
    "end_due",
    "end_noticed",
    "forget_waiting_faces",
    "get_registration",
    "get_room",
    "get_tenancy",
    "hold_places",
    "invite",
    "invited_by_form",
    "is_genuine_form_token",
    "notices_in_areas",
    "open_invitation",
    "refuse",
    "refuse_stale",
    "register_tenant",
    "renew_link",
    "rooms_of_landlord",
    "stay",
    "take_back_end",
    "tenancies_of_tenant",
    "withdraw_invitation",
]
