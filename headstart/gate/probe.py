"""The gate's question in an app's own process, for its readiness probe."""

from collections.abc import Mapping

from headstart.gate.doubt import Doubt
from headstart.gate.image import fits, matching_header, read_ini, script_folder
from headstart.gate.passing import proven
from headstart.gate.place import place_of
from headstart.gate.server import ask_beside
from headstart.gate.settings import plain
from headstart.postgres.proof_question import question
from headstart.settings.defaults import ALEMBIC_INI


class Probe:
    """The question for one image, whose files are compared once."""

    def __init__(self, environ: Mapping[str, str], application_name: str) -> None:
        """Read the settings and the image. Raises Doubt."""
        settings = plain(environ)
        path = settings.get("ALEMBIC_INI", ALEMBIC_INI)
        ini = read_ini(path)
        self._header = matching_header(script_folder(path, ini), path)
        if not fits(self._header, settings, runs=False):
            raise Doubt("unfit")
        self._environ, self._ini, self._name = environ, ini, application_name
        self._sql = question(self._header.version_table, self._header.objects)

    def ask(self) -> tuple[str, ...]:
        """The version rows of a database at the head, with the proven schema. Raises Doubt."""
        place = place_of(self._environ, self._ini)  # the secret files are read anew
        proven(self._header, ask_beside(place, self._name, self._sql).row, runs=False)
        return tuple(self._header.heads)
