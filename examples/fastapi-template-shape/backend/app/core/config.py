"""The settings class: everything comes from the environment, or from `.env` on a developer's machine."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL


class Settings(BaseSettings):
    """What the app needs. A setting that is missing is an error when this module is imported."""

    model_config = SettingsConfigDict(env_file="../.env", env_ignore_empty=True, extra="ignore")

    secret_key: SecretStr
    first_admin: str
    first_admin_password: SecretStr

    postgres_server: str
    postgres_port: int = 5432
    postgres_user: str
    postgres_password: SecretStr
    postgres_db: str

    @property
    def database_url(self) -> URL:
        """The URL, made of its parts; the password may contain any character."""
        return URL.create(
            "postgresql+psycopg",
            username=self.postgres_user,
            password=self.postgres_password.get_secret_value(),
            host=self.postgres_server,
            port=self.postgres_port,
            database=self.postgres_db,
        )


settings = Settings()  # type: ignore[call-arg]  # the environment has them
