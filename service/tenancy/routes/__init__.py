"""Invitations, registrations and tenancies, for programs."""

from fastapi import APIRouter

from service.tenancy.routes import ending, leasing, registering

router = APIRouter()
router.include_router(leasing.router)
router.include_router(ending.router)
router.include_router(registering.router)
