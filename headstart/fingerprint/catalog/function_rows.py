"""The SELECT for functions, procedures and aggregates; as in catalog_rows.py. Pure text."""

from headstart.fingerprint.catalog.sql_parts import function_name

FUNCTIONS = f"""\
SELECT 'function', n.schema, p.proname::text, pg_catalog.pg_get_function_identity_arguments(p.oid),
       pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid),
       pg_catalog.concat_ws(' ', l.lanname, p.prokind, p.provolatile, p.proisstrict, p.prosecdef,
                            p.proretset, p.proleakproof, p.proparallel,
                            pg_catalog.array_to_string(p.proconfig, ', ')),
       CASE p.prokind WHEN 'a' THEN
              (SELECT pg_catalog.concat_ws(', ', 'sfunc ' || {function_name("g.aggtransfn")},
                        'stype ' || pg_catalog.format_type(g.aggtranstype, NULL),
                        'initial ' || pg_catalog.quote_literal(g.agginitval),
                        'final ' || {function_name("g.aggfinalfn")} || CASE WHEN g.aggfinalextra
                          THEN ' extra ' ELSE ' ' END || g.aggfinalmodify::text,
                        'combine ' || {function_name("g.aggcombinefn")},
                        'serial ' || {function_name("g.aggserialfn")},
                        'deserial ' || {function_name("g.aggdeserialfn")},
                        'moving ' || {function_name("g.aggmtransfn")},
                        'inverse ' || {function_name("g.aggminvtransfn")},
                        'moving type ' || pg_catalog.format_type(nullif(g.aggmtranstype, 0), NULL),
                        'moving initial ' || pg_catalog.quote_literal(g.aggminitval),
                        'moving final ' || {function_name("g.aggmfinalfn")}
                          || CASE WHEN g.aggmfinalextra THEN ' extra ' ELSE ' ' END
                          || g.aggmfinalmodify::text,
                        'sort ' || nullif(g.aggsortop, 0)::pg_catalog.regoperator::text,
                        CASE g.aggkind WHEN 'h' THEN 'hypothetical' WHEN 'o' THEN 'ordered' END)
                 FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid)
            ELSE coalesce(@body@, p.prosrc) END
  FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 WHERE @named_function@@one_of(functions, p.oid)@
   AND p.oid NOT IN (SELECT m.objid FROM member m
                      WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND d.objid = p.oid AND d.deptype = 'i'@one_of(functions, d.objid)@)"""
# overloads differ in their identity arguments, so these are the name. The server prints a body
# in SQL's own syntax, and keeps any other as written; an aggregate has the functions that it
# calls in place of a body; deptype i: a range type brings those
