"""Keeping stays and answering inquiries; the public names of both."""

from service.occupancy.actions.inquiring import Answer, RefusedAnswer, answer_inquiry, inquiries_about, inquiries_by
from service.occupancy.actions.staying import close_stays, open_stay, settle_residents
from service.occupancy.records.inquiries import AskedInquiry

__all__ = [
    "Answer",
    "AskedInquiry",
    "RefusedAnswer",
    "answer_inquiry",
    "close_stays",
    "inquiries_about",
    "inquiries_by",
    "open_stay",
    "settle_residents",
]
