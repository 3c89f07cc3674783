"""The verb `fingerprint`: replay the revisions in a scratch database, and record what they build.

Not here: how a schema is read or matched (the package fingerprint).
"""
