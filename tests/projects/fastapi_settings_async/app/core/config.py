from pydantic import PostgresDsn
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="forbid")

    PROJECT_NAME: str = "app"
    DATABASE_URL: PostgresDsn


settings = Settings()
