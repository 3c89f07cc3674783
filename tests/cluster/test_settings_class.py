"""An app whose settings class wants DATABASE_URL whole; the chart has its password in a Secret."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.cluster.database import PASSWORD, Postgres
from tests.cluster.images import SETTINGS_CLASS
from tests.cluster.releases import Make

PLACE = "postgres:5432/minirag"
WHOLE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "whole-url"},
    "stringData": {
        "DATABASE_URL": f"postgresql+psycopg://minirag:{quote(PASSWORD, safe='')}@{PLACE}"
    },
}

SECRETS = {
    "the password": {"url": f"postgresql+psycopg://minirag@{PLACE}", "secret": "minirag-database"},
    "the whole URL": {"url": "", "urlKey": "DATABASE_URL", "secret": "whole-url"},
}


@pytest.mark.parametrize("held", SECRETS)
@pytest.mark.parametrize("mode", ["hook", "init"])
def test_the_settings_class_gets_what_the_secret_of_the_chart_holds(
    release: Make, postgres: Postgres, mode: str, held: str
) -> None:
    postgres.namespace.apply(WHOLE)
    shop = release(mode)
    shop.install(SETTINGS_CLASS, database=SECRETS[held])
    assert postgres.version() == ["0002"]
    if mode == "hook":
        assert "ready: nothing_to_do" in shop.namespace.helm("test", shop.name, "--logs")
