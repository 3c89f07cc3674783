"""The SELECTs for objects that few histories make: operators, casts, publications. Pure text.

As in catalog_rows.py; but each is part of the query only if the file has a fact of its kind, or if
nobody has said what counts. So they cost nothing where they are not needed. `a` is the whole
detail: it is made of names, which are the same on every server.

What is left out on purpose: options of servers and foreign tables, which say where the data of one
deployment is, and may hold a password.
"""

from headstart.fingerprint.catalog.sql_parts import function_name, own
from headstart.fingerprint.catalog.text_search_rows import TEXT_SEARCH

_TYPES = f"""\
SELECT 'type', n.schema, t.typname::text, '',
       CASE WHEN t.typisdefined THEN pg_catalog.concat_ws(', ',
              'input ' || {function_name("t.typinput")},
              'output ' || {function_name("t.typoutput")}, 'length ' || t.typlen)
            ELSE 'shell' END, NULL, NULL, NULL
  FROM pg_catalog.pg_type t JOIN space n ON n.oid = t.typnamespace
 WHERE (t.typtype = 'b' OR NOT t.typisdefined) AND {own("t", "pg_type")}
   AND t.oid NOT IN (SELECT e.typarray FROM pg_catalog.pg_type e)
   AND @named(n.schema, t.typname)@"""
# a type in C, or one that is only announced; the array type that each type brings says nothing

_OPERATORS = f"""\
SELECT 'operator', n.schema, o.oprname::text, pg_catalog.concat(
         coalesce(pg_catalog.format_type(nullif(o.oprleft, 0), NULL), 'none'), ', ',
         coalesce(pg_catalog.format_type(nullif(o.oprright, 0), NULL), 'none')),
       pg_catalog.concat_ws(', ', 'function ' || {function_name("o.oprcode")},
         'commutator ' || nullif(o.oprcom, 0)::pg_catalog.regoperator::text,
         'negator ' || nullif(o.oprnegate, 0)::pg_catalog.regoperator::text,
         'restrict ' || {function_name("o.oprrest")}, 'join ' || {function_name("o.oprjoin")},
         CASE WHEN o.oprcanhash THEN 'hashes' END, CASE WHEN o.oprcanmerge THEN 'merges' END),
       NULL, NULL, NULL
  FROM pg_catalog.pg_operator o JOIN space n ON n.oid = o.oprnamespace
 WHERE o.oprcode <> 0::pg_catalog.oid AND {own("o", "pg_operator")}
   AND @named(n.schema, o.oprname)@"""
# without a function it is only announced, as another one's commutator

_CLASSES = f"""\
SELECT 'opclass', n.schema, o.opcname::text, a.amname::text, pg_catalog.concat_ws(', ',
         CASE WHEN o.opcdefault THEN 'default' END,
         'for type ' || pg_catalog.format_type(o.opcintype, NULL),
         'family ' || pg_catalog.quote_ident(f.opfname),
         'storage ' || pg_catalog.format_type(nullif(o.opckeytype, 0), NULL)), NULL, NULL, NULL
  FROM pg_catalog.pg_opclass o JOIN space n ON n.oid = o.opcnamespace
  JOIN pg_catalog.pg_am a ON a.oid = o.opcmethod
  JOIN pg_catalog.pg_opfamily f ON f.oid = o.opcfamily
 WHERE {own("o", "pg_opclass")} AND @named(n.schema, o.opcname)@"""

_FAMILIES = f"""\
SELECT 'opfamily', n.schema, o.opfname::text, a.amname::text, pg_catalog.concat_ws('; ',
         (SELECT pg_catalog.string_agg(p.amopstrategy || ' '
                   || p.amopopr::pg_catalog.regoperator::text
                   || CASE p.amoppurpose WHEN 'o' THEN ' for order by' ELSE '' END, ', '
                   ORDER BY p.amopstrategy, p.amopopr::pg_catalog.regoperator::text)
            FROM pg_catalog.pg_amop p WHERE p.amopfamily = o.oid),
         (SELECT pg_catalog.string_agg(p.amprocnum || ' ' || {function_name("p.amproc")}
                   || ' for ' || pg_catalog.format_type(p.amproclefttype, NULL), ', '
                   ORDER BY p.amprocnum, pg_catalog.format_type(p.amproclefttype, NULL))
            FROM pg_catalog.pg_amproc p WHERE p.amprocfamily = o.oid)), NULL, NULL, NULL
  FROM pg_catalog.pg_opfamily o JOIN space n ON n.oid = o.opfnamespace
  JOIN pg_catalog.pg_am a ON a.oid = o.opfmethod
 WHERE {own("o", "pg_opfamily")} AND @named(n.schema, o.opfname)@"""
# the members of a class are those of its family

_COLLATIONS = f"""\
SELECT 'collation', n.schema, l.collname::text, '', pg_catalog.concat_ws(', ',
         CASE l.collprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin'
                             ELSE 'default' END,
         'locale ' || CASE l.collprovider WHEN 'i'
           THEN pg_catalog.replace(@collation_locale@, '_', '-') ELSE @collation_locale@ END,
         CASE WHEN l.collctype::text <> l.collcollate::text THEN 'ctype ' || l.collctype::text END,
         'rules ' || @collation_rules@,
         CASE WHEN l.collisdeterministic THEN NULL ELSE 'nondeterministic' END),
       NULL, NULL, NULL
  FROM pg_catalog.pg_collation l JOIN space n ON n.oid = l.collnamespace
 WHERE {own("l", "pg_collation")} AND @named(n.schema, l.collname)@"""
# 16 and later write an ICU locale as BCP 47 does: en-US

_CONVERSIONS = f"""\
SELECT 'conversion', n.schema, k.conname::text, '', pg_catalog.concat_ws(' ',
         CASE WHEN k.condefault THEN 'default' END,
         pg_catalog.pg_encoding_to_char(k.conforencoding), 'to',
         pg_catalog.pg_encoding_to_char(k.contoencoding), 'by', {function_name("k.conproc")}),
       NULL, NULL, NULL
  FROM pg_catalog.pg_conversion k JOIN space n ON n.oid = k.connamespace
 WHERE {own("k", "pg_conversion")} AND @named(n.schema, k.conname)@"""

_LANGUAGES = f"""\
SELECT 'language', '', l.lanname::text, '', pg_catalog.concat_ws(' ',
         CASE WHEN l.lanpltrusted THEN 'trusted' END,
         'handler', {function_name("l.lanplcallfoid")}), NULL, NULL, NULL
  FROM pg_catalog.pg_language l
 WHERE {own("l", "pg_language")} AND @named('', l.lanname)@"""

_CASTS = f"""\
SELECT * FROM (SELECT 'cast', '' AS schema, pg_catalog.concat('(',
         pg_catalog.format_type(k.castsource, NULL), ' AS ',
         pg_catalog.format_type(k.casttarget, NULL), ')') AS name, '', pg_catalog.concat(
         CASE k.castmethod WHEN 'f' THEN 'with function ' || {function_name("k.castfunc")}
                           WHEN 'i' THEN 'with inout' ELSE 'without function' END,
         CASE k.castcontext WHEN 'a' THEN ' as assignment' WHEN 'i' THEN ' as implicit'
                            ELSE '' END), NULL::text, NULL::text, NULL::text
    FROM pg_catalog.pg_cast k
   WHERE {own("k", "pg_cast")}
     AND k.oid NOT IN (SELECT d.objid FROM pg_catalog.pg_depend d
                        WHERE d.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass
                          AND d.deptype = 'i')) c
 WHERE @named(c.schema, c.name)@"""
# it has no name but its types; deptype i: from 14 on a range type brings one to its multirange

_TRANSFORMS = f"""\
SELECT * FROM (SELECT 'transform', '' AS schema, pg_catalog.concat('(',
         pg_catalog.format_type(t.trftype, NULL), ', ', l.lanname, ')') AS name, '',
         pg_catalog.concat_ws(', ', 'from sql ' || {function_name("t.trffromsql")},
           'to sql ' || {function_name("t.trftosql")}), NULL::text, NULL::text, NULL::text
    FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = t.trflang
   WHERE {own("t", "pg_transform")}) c
 WHERE @named(c.schema, c.name)@"""

_METHODS = f"""\
SELECT 'access_method', '', a.amname::text, '', CASE a.amtype WHEN 't' THEN 'table' ELSE 'index' END
         || ' handler ' || {function_name("a.amhandler")}, NULL, NULL, NULL
  FROM pg_catalog.pg_am a WHERE {own("a", "pg_am")} AND @named('', a.amname)@"""

_WRAPPERS = f"""\
SELECT 'fdw', '', w.fdwname::text, '', pg_catalog.concat_ws(', ', 'foreign data wrapper',
         'handler ' || {function_name("w.fdwhandler")},
         'validator ' || {function_name("w.fdwvalidator")}), NULL, NULL, NULL
  FROM pg_catalog.pg_foreign_data_wrapper w
 WHERE {own("w", "pg_foreign_data_wrapper")} AND @named('', w.fdwname)@"""

_SERVERS = f"""\
SELECT 'server', '', s.srvname::text, '', pg_catalog.concat_ws(', ',
         'wrapper ' || pg_catalog.quote_ident(w.fdwname),
         'type ' || pg_catalog.quote_literal(s.srvtype)), NULL, NULL, NULL
  FROM pg_catalog.pg_foreign_server s
  JOIN pg_catalog.pg_foreign_data_wrapper w ON w.oid = s.srvfdw
 WHERE {own("s", "pg_foreign_server")} AND @named('', s.srvname)@"""

_EVENT_TRIGGERS = f"""\
SELECT 'event_trigger', '', e.evtname::text, '', pg_catalog.concat_ws(' ',
         'on', e.evtevent, (SELECT 'tags ' || pg_catalog.string_agg(
           pg_catalog.quote_literal(u.tag), ', ' ORDER BY u.tag)
           FROM pg_catalog.unnest(e.evttags) u (tag)),
         'execute', {function_name("e.evtfoid")},
         CASE e.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replica'
                           WHEN 'A' THEN 'always' END), NULL, NULL, NULL
  FROM pg_catalog.pg_event_trigger e
 WHERE {own("e", "pg_event_trigger")} AND @named('', e.evtname)@"""

_PUBLICATIONS = f"""\
SELECT 'publication', '', p.pubname::text, '', pg_catalog.concat_ws(', ', 'publication',
         CASE WHEN p.puballtables THEN 'all tables' END, CASE WHEN p.pubinsert THEN 'insert' END,
         CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END,
         CASE WHEN p.pubtruncate THEN 'truncate' END, CASE WHEN p.pubviaroot THEN 'via root' END,
         @published_generated@), NULL, NULL, NULL
  FROM pg_catalog.pg_publication p
 WHERE {own("p", "pg_publication")} AND @named('', p.pubname)@"""

_PUBLISHED = f"""\
SELECT 'published', '', p.pubname::text, pg_catalog.concat_ws('.', nullif(r.schema, ''), r.name),
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attname)
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = r.oid AND a.attnum = ANY (@published_columns@)),
       @published_rows@, NULL, NULL
  FROM pg_catalog.pg_publication_rel m JOIN pg_catalog.pg_publication p ON p.oid = m.prpubid
  JOIN relation r ON r.oid = m.prrelid
 WHERE {own("p", "pg_publication")} AND @named('', p.pubname)@"""
# which of our tables; what a DBA has added of others says nothing about a revision

_PUBLISHED_SCHEMAS = f"""\
SELECT 'published_schema', '', p.pubname::text,
       CASE n.nspname WHEN pg_catalog.current_setting('headstart.schema') THEN ''
                      ELSE n.nspname::text END, 'all tables of the schema', NULL, NULL, NULL
  FROM pg_catalog.pg_publication_namespace m
  JOIN pg_catalog.pg_publication p ON p.oid = m.pnpubid
  JOIN pg_catalog.pg_namespace n ON n.oid = m.pnnspid AND n.nspname <> 'information_schema'
 WHERE {own("p", "pg_publication")} AND @named('', p.pubname)@"""
# of any schema, also where `space` has only those of what counts

RARE = {
    "type": _TYPES,
    "operator": _OPERATORS,
    "opclass": _CLASSES,
    "opfamily": _FAMILIES,
    "collation": _COLLATIONS,
    "conversion": _CONVERSIONS,
    **TEXT_SEARCH,
    "language": _LANGUAGES,
    "cast": _CASTS,
    "transform": _TRANSFORMS,
    "access_method": _METHODS,
    "fdw": _WRAPPERS,
    "server": _SERVERS,
    "event_trigger": _EVENT_TRIGGERS,
    "publication": _PUBLICATIONS,
    "published": _PUBLISHED,
    "published_schema": _PUBLISHED_SCHEMAS,
}
"""By kind."""

SINCE = {"published_schema": 150000}
"""The first server version that has such a thing, if that is not the oldest one."""
