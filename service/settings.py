"""One frozen Settings, read once from the environment (ANMEN_…) by the composition root."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything a deployment may change. Times in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="ANMEN_", frozen=True, extra="ignore")

    database_url: str = ""
    keys_file: Path = Path(".anmen/keys.json")
    public_url: str = "http://127.0.0.1:8000"

    broker_host: str = "localhost"
    broker_port: int = 8884
    broker_ca: Path | None = None
    broker_certificate: Path | None = None
    broker_key: Path | None = None

    face_engine: str = "sface"
    face_one_to_one_accept: float | None = None
    face_one_to_one_review: float | None = None

    sign_in_lifetime_s: int = 12 * 3600
    invitation_lifetime_s: int = 7 * 86400
    registration_form_lifetime_s: int = 3600
    tenant_offline_lease_s: int = 30 * 86400
    upload_limit_bytes: int = 8_000_000
    request_limit_bytes: int = 40_000_000

    # Kind to days, as JSON; what is not named has its default (service/retention/rules.py).
    retention_days: dict[str, int] = {}

    batch_limit: int = 1000
    batch_wait_s: float = 0.05
    lease_s: float = 10.0
    ingest_lanes: int = 1
