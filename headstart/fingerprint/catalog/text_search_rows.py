"""The SELECTs for objects of text search, as in rare_rows.py. Pure text."""

from headstart.fingerprint.catalog.sql_parts import function_name, own

_PARSERS = f"""\
SELECT 'tsparser', n.schema, p.prsname::text, '', pg_catalog.concat_ws(', ',
         {function_name("p.prsstart")}, {function_name("p.prstoken")},
         {function_name("p.prsend")}, {function_name("p.prslextype")},
         {function_name("p.prsheadline")}), NULL, NULL, NULL
  FROM pg_catalog.pg_ts_parser p JOIN space n ON n.oid = p.prsnamespace
 WHERE {own("p", "pg_ts_parser")} AND @named(n.schema, p.prsname)@"""

_TEMPLATES = f"""\
SELECT 'tstemplate', n.schema, t.tmplname::text, '', pg_catalog.concat_ws(', ',
         'init ' || {function_name("t.tmplinit")}, 'lexize ' || {function_name("t.tmpllexize")}),
       NULL, NULL, NULL
  FROM pg_catalog.pg_ts_template t JOIN space n ON n.oid = t.tmplnamespace
 WHERE {own("t", "pg_ts_template")} AND @named(n.schema, t.tmplname)@"""

_DICTIONARIES = f"""\
SELECT 'tsdict', n.schema, d.dictname::text, '', pg_catalog.concat_ws(', ',
         'template ' || pg_catalog.quote_ident(t.tmplname), d.dictinitoption), NULL, NULL, NULL
  FROM pg_catalog.pg_ts_dict d JOIN space n ON n.oid = d.dictnamespace
  JOIN pg_catalog.pg_ts_template t ON t.oid = d.dicttemplate
 WHERE {own("d", "pg_ts_dict")} AND @named(n.schema, d.dictname)@"""

_CONFIGURATIONS = f"""\
SELECT 'tsconfig', n.schema, g.cfgname::text, '', pg_catalog.concat_ws(', ',
         'parser ' || pg_catalog.quote_ident(p.prsname),
         (SELECT pg_catalog.string_agg(m.maptokentype || ' '
                   || m.mapdict::pg_catalog.regdictionary::text, ', '
                   ORDER BY m.maptokentype, m.mapseqno)
            FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = g.oid)), NULL, NULL, NULL
  FROM pg_catalog.pg_ts_config g JOIN space n ON n.oid = g.cfgnamespace
  JOIN pg_catalog.pg_ts_parser p ON p.oid = g.cfgparser
 WHERE {own("g", "pg_ts_config")} AND @named(n.schema, g.cfgname)@"""
# token types by number: to ask for their names would execute the parser

TEXT_SEARCH = {
    "tsparser": _PARSERS,
    "tstemplate": _TEMPLATES,
    "tsdict": _DICTIONARIES,
    "tsconfig": _CONFIGURATIONS,
}
"""By kind."""
