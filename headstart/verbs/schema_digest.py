"""The digest of a schema, as a plan notes it and a run compares it.

With a fingerprints file it is that of our objects; what an administrator may add does not count.
Without one it is that of every object in the database.
"""

from headstart.facts.state import Scope
from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.file.digests import digest_of_body
from headstart.fingerprint.file.states import Fingerprints
from headstart.verbs.compare import AnyCatalog, lines_of_all, lines_of_ours


def schema_digest(catalog: AnyCatalog, usable: Fingerprints | None, scope: Scope) -> str:
    """Read the schema, and give its digest. Raises as Catalog does."""
    if usable is None:
        # by one and the same schema, whichever comes first in the search_path that env.py sets
        anywhere = Scope(scope.version_table, schema="public")
        kind, lines = "all", lines_of_all(catalog, anywhere)
    else:
        kind, lines = "ours", lines_of_ours(catalog, usable, scope)
    text = "\n".join(sorted(lines))
    return f"{kind}-{NORMAL_FORM}-{digest_of_body(text.encode(errors='surrogateescape'))}"
