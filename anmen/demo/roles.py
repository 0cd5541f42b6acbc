"""What each person does on the pages, one function a deed: the demo's residents move in by these, and the smoke run plays them all."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

from anmen.demo.browser import Browser, Page
from anmen.demo.people import Applicant
from anmen.demo.village import Login
from anmen.errors import MachineError
from service.edges import clock

_PIN = re.compile(r"Your PIN for the door (\d{4,8})")
PATIENCE_S = 20.0


def sign_in(browser: Browser, login: Login) -> Page:
    """Sign in, choose English (what is read on the pages below), and land on the first page of one's role."""
    page = browser.open("/sign-in")
    page = browser.submit(page, page.form("login", "password"), {"login": login.login, "password": login.password})
    return speak(browser, page, "en")


def speak(browser: Browser, page: Page, locale: str) -> Page:
    """Choose the language of the pages, which an account remembers."""
    return browser.submit(page, page.form_to("/language"), {"locale": locale})


def invite(landlord: Browser, unit_id: int, *, days: int = 180) -> str:
    """Open an invitation for a room, from today; the link, without the service's address."""
    page = landlord.open(f"/rooms/{unit_id}/invite")
    # A lease's days are those of the site, eight hours ahead of UTC.
    today = (clock.now() + timedelta(hours=8)).date()
    dates = {"starts_on": today.isoformat(), "ends_on": (today + timedelta(days=days)).isoformat()}
    made = landlord.submit(page, page.form("starts_on", "ends_on"), dates)
    links = [value for name, value in made.shown if name == "link"]
    if not links:
        raise MachineError(f"No invitation link was shown; the page says: {made.words[:200]}")
    return "/i/" + links[0].rsplit("/", 1)[1]


def register(tenant: Browser, link: str, applicant: Applicant) -> str:
    """Open the invitation, fill in the form with or without photographs, and return the PIN that is shown once."""
    way = "face" if applicant.photographs else "card"
    invited = tenant.open(link)
    page = tenant.open(invited.link_to(f"/registration/{way}"))
    typed = {
        "document_type": "resident_id",
        "document_number": applicant.document_number,
        "name": applicant.name,
        "phone": applicant.phone,
        "password": applicant.password,
        "consent_register": "yes",
    }
    files = {}
    if applicant.photographs:
        typed["consent_face"] = "yes"
        files = {"portrait": [applicant.photographs.portrait]}
        files |= {f"frame_{number}": [path] for number, path in enumerate(applicant.photographs.live, start=1)}
    done = tenant.submit(page, page.form("document_number"), typed, files)
    found = _PIN.search(done.words)
    if found is None:
        raise MachineError(f"No PIN was shown; the page says: {done.words[:300]}")
    return found[1]


def confirm(landlord: Browser, unit_id: int) -> str:
    """Confirm the registration that waits for the room; the address of the tenancy's page."""
    waiting = landlord.open(landlord.open(f"/rooms/{unit_id}").link_to("/registrations/"))
    form = waiting.form_to("/confirm")
    typed = {"saw_document": "yes"} if "saw_document" in form.names else {}
    confirmed = landlord.submit(waiting, form, typed)
    if "/tenancies/" in confirmed.url:
        return confirmed.url
    return landlord.open(f"/rooms/{unit_id}").link_to("/tenancies/").removesuffix("/end")


def until(holds: Callable[[], bool], what: str, *, within_s: float = PATIENCE_S) -> float:
    """Wait until it holds; the seconds it took. MachineError names what did not come."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within_s:
            raise MachineError(f"Not within {within_s:.0f} s: {what}.")
        time.sleep(0.02)
    return time.monotonic() - began


def await_on_lock(landlord: Browser, tenancy: str) -> float:
    """Until every lock of the tenancy has confirmed; seconds."""
    said = "Every lock has confirmed: the tenant can come in."
    return until(lambda: said in landlord.open(tenancy).words, "the lock's own word that it holds the new list")


def end_tenancy(landlord: Browser, tenant: Browser, tenancy: str) -> None:
    """The landlord says that both have agreed, and the tenant confirms it: neither's word alone ends a lease that runs."""
    page = landlord.open(f"{tenancy}/end")
    landlord.submit(page, page.form_to("/end"), {"reason": "agreed"})
    asked = tenant.open(tenant.open("/me").link_to("/end"))
    tenant.submit(asked, asked.form_to("/end"), {})


def await_off_lock(landlord: Browser, tenancy: str) -> float:
    """Until every lock has confirmed that the credentials are gone; seconds."""
    said = "Every lock has confirmed: this tenant's way in is gone."
    return until(lambda: said in landlord.open(tenancy).words, "the lock's own word that the credentials are gone")


def inquire(officer: Browser, *, kind: str, subject: str) -> Page:
    """Ask, with a purpose and a legal basis; the answer's page."""
    page = officer.open("/inquiries/new")
    form = page.form("kind", "subject", "purpose", "basis")
    chosen = {
        "kind": kind,
        "subject": subject,
        "purpose": "case",
        "basis": "criminal_procedure",
        "reference": "2026-0417",
    }
    if kind == "person_by_document":
        chosen["document_type"] = "resident_id"
    return officer.submit(page, form, chosen)


def count_in_now(grid_worker: Browser, area: str) -> int:
    """How many an area's page says are in now."""
    found = re.search(r"In now (\d+)", grid_worker.open(area).words)
    if found is None:
        raise MachineError("The area's page shows no count.")
    return int(found[1])
