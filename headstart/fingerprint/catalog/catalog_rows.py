"""The SELECT of query.py: every row of the catalog that says something about a schema. Pure text.

query.py fills in what stands between @ signs. A LATERAL over a CTE and a NOT EXISTS on
pg_constraint.conindid were measured to be quadratic, hence joins and NOT IN.

An example: of `CREATE TABLE jobs (id serial PRIMARY KEY)` in the schema public, which is the target
and so the empty text, it gives these rows. normal_form.py begins with what becomes of them.

    kind      schema object       name       a                 b                  c     d
    target           public
    table            jobs                    rp--
    column           jobs         id         integer           nextval('jobs_..   N--r
    pk               jobs         jobs_pkey  PRIMARY KEY (id)
    sequence         jobs_id_seq  a          jobs_id_seq       integer 1 1 ..     ["", "jobs", "id"]

"rp--" is an ordinary (r), permanent (p) table without row security; "N--r" is NOT NULL, without an
identity, not generated, of an ordinary table. The index of the key has no row: the key tells it.
"""

from headstart.fingerprint.catalog.function_rows import FUNCTIONS
from headstart.fingerprint.catalog.sql_parts import function_name

_COMMON = """\
WITH wanted AS MATERIALIZED (@wanted@),
space AS MATERIALIZED (
  SELECT n.oid, n.nspname, CASE n.nspname WHEN pg_catalog.current_setting('headstart.schema')
         THEN '' ELSE n.nspname::text END AS schema
    FROM (SELECT pg_catalog.set_config('search_path',
                   pg_catalog.current_setting('headstart.path'), true) OFFSET 0) printing,
         pg_catalog.pg_namespace n
   WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'@one_of(spaces, n.oid)@),
member AS MATERIALIZED (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
   WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'),
relation AS MATERIALIZED (
  SELECT c.*, n.schema, c.relname::text AS name
    FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
     AND c.oid NOT IN (SELECT m.objid FROM member m
                        WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)
     AND NOT (@version@) AND @named_relation@@one_of(relations, c.oid)@)
"""
# `wanted`: the names to read, which query.py puts in.
# `space`: the search_path for printing is set here, while the query runs: its own names have been
# parsed by then, with pg_catalog alone. OFFSET 0 keeps the planner from dropping that subquery.
# `member`: what an extension has brought; its version decides what that is, not a revision.
# `relation`: read once for all of the SELECTs below.

_KINDS = (
    # the target schema's name, which only the server knows where Reading has none
    """\
SELECT 'target' AS kind, '' AS schema, pg_catalog.current_setting('headstart.schema') AS object,
       '' AS name, NULL::text AS a, NULL::text AS b, NULL::text AS c, NULL::text AS d""",
    # where USAGE is missing, names in the schema cannot be looked up, and asking.py refuses
    """\
SELECT 'unusable', n.schema, n.nspname::text, '', NULL, NULL, NULL, NULL FROM space n
 WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
   AND n.oid IN (SELECT r.relnamespace FROM relation r)""",
    # for people: what is there beside the names that are wanted; of a partition its parent tells
    """\
SELECT 'other', n.schema, c.relname::text, '', c.relkind::text, NULL, NULL, NULL
  FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace@one_of(present, c.oid)@
 WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND @other@ AND NOT (@version@)
   AND NOT c.relispartition
   AND c.oid NOT IN (SELECT m.objid FROM member m
                      WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)""",
    # a: kind, persistence, row security, then text; b: partition key or foreign server; c: parents,
    # whose order is that of the columns; d: bounds of a partition
    """\
SELECT 'table', r.schema, r.name, '', r.relkind::text || r.relpersistence::text
         || CASE WHEN r.relrowsecurity THEN 'R' ELSE '-' END
         || CASE WHEN r.relforcerowsecurity THEN 'F' ELSE '-' END
         || CASE WHEN r.reloftype = 0 THEN ''
                 ELSE ', of ' || pg_catalog.format_type(r.reloftype, NULL) END
         || CASE WHEN r.relkind = 'f' THEN '' ELSE
              CASE r.relreplident WHEN 'n' THEN ', replica identity nothing'
                                  WHEN 'f' THEN ', replica identity full' WHEN 'i' THEN
                (SELECT ', replica identity ' || pg_catalog.string_agg(
                          pg_catalog.quote_ident(i.relname), ', ')
                   FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
                  WHERE x.indrelid = r.oid AND x.indisreplident) ELSE '' END END,
       CASE r.relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(r.oid) WHEN 'f' THEN
         (SELECT s.srvname::text FROM pg_catalog.pg_foreign_table f
            JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = r.oid) END,
       (SELECT pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::text
                 || CASE WHEN @detaching@ THEN ' (detach pending)' ELSE '' END, ', '
                 ORDER BY i.inhseqno)
          FROM pg_catalog.pg_inherits i WHERE i.inhrelid = r.oid),
       CASE WHEN r.relispartition THEN pg_catalog.pg_get_expr(r.relpartbound, r.oid) END
  FROM relation r WHERE r.relkind IN ('r', 'p', 'f')""",
    # a view and a materialized view, as the server prints their query
    """\
SELECT CASE r.relkind WHEN 'v' THEN 'view' ELSE 'matview' END, r.schema, r.name, '',
       pg_catalog.pg_get_viewdef(r.oid), pg_catalog.array_to_string(r.reloptions, ', '), NULL, NULL
  FROM relation r WHERE r.relkind IN ('v', 'm')""",
    # a collation only where it is not the type's own, which every column of the type has
    """\
SELECT 'column', r.schema, r.name, a.attname::text,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       pg_catalog.pg_get_expr(d.adbin, d.adrelid),
       CASE WHEN a.attnotnull THEN 'N' ELSE '-' END
         || coalesce(nullif(a.attidentity::text, ''), '-')
         || coalesce(nullif(a.attgenerated::text, ''), '-') || r.relkind::text,
       l.collname::text
  FROM relation r
  JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid@one_of(relations, a.attrelid)@
  LEFT JOIN pg_catalog.pg_attrdef d
    ON d.adrelid = a.attrelid AND d.adnum = a.attnum@one_of(relations, d.adrelid)@
  LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation AND a.attcollation <> (
              SELECT t.typcollation FROM pg_catalog.pg_type t WHERE t.oid = a.atttypid)
 WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind <> 'c'""",
    # LEFT JOIN: a type without attributes is there all the same
    """\
SELECT 'composite', r.schema, r.name, '', pg_catalog.string_agg(
         pg_catalog.quote_ident(a.attname) || ' '
           || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum),
       NULL, NULL, NULL
  FROM relation r LEFT JOIN pg_catalog.pg_attribute a
    ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped@one_of(relations, a.attrelid)@
 WHERE r.relkind = 'c' GROUP BY r.schema, r.name""",
    # NOT NULL is a constraint from 18 on, and stays with its column; a partition has copies of its
    # parent's constraints, a child has inherited checks: the parent tells these. What ensures it
    # may be off: an index that is INVALID, the triggers of a foreign key that are disabled. IS TRUE
    # keeps the planner from the index of parents: nearly all have none
    """\
SELECT CASE k.contype WHEN 'p' THEN 'pk' WHEN 'u' THEN 'unique' WHEN 'f' THEN 'fk'
                      WHEN 'x' THEN 'exclude' ELSE 'check' END,
       r.schema, r.name, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid),
       nullif(CASE WHEN k.contype IN ('p', 'u', 'x') AND k.conindid IN (
                   SELECT x.indexrelid FROM pg_catalog.pg_index x
                    WHERE NOT x.indisvalid@one_of(relations, x.indrelid)@)
            THEN ' invalid' ELSE '' END
         || CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger g
                               WHERE g.tgconstraint = k.oid AND g.tgisinternal
                                 AND g.tgenabled IN ('D', 'R'))
            THEN ' disabled' ELSE '' END, ''), NULL, NULL
  FROM relation r
  JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid@one_of(relations, k.conrelid)@
 WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND (k.conparentid = 0) IS TRUE
   AND (k.conislocal OR k.contype <> 'c')""",
    # a constraint tells the index that serves it, and a partitioned index tells its parts; NOT IN,
    # since NOT EXISTS was quadratic
    """\
SELECT 'index', r.schema, r.name, i.relname::text, pg_catalog.pg_get_indexdef(x.indexrelid),
       CASE WHEN x.indisunique THEN 'U' ELSE '-' END
         || CASE WHEN x.indisvalid THEN '-' ELSE 'I' END,
       NULL, NULL
  FROM relation r JOIN pg_catalog.pg_index x ON x.indrelid = r.oid@one_of(relations, x.indrelid)@
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid@one_of(with_parts, i.oid)@
 WHERE NOT i.relispartition AND x.indexrelid NOT IN (
         SELECT k.conindid FROM pg_catalog.pg_constraint k
          WHERE k.contype IN ('p', 'u', 'x')@one_of(relations, k.conrelid)@)""",
    # internal ones belong to foreign keys; a partition has copies of its parent's
    """\
SELECT 'trigger', r.schema, r.name, g.tgname::text, pg_catalog.pg_get_triggerdef(g.oid, true),
       g.tgenabled::text, NULL, NULL
  FROM relation r
  JOIN pg_catalog.pg_trigger g ON g.tgrelid = r.oid@one_of(relations, g.tgrelid)@
 WHERE NOT g.tgisinternal AND g.tgparentid = 0""",
    # the rule of each view is its query
    """\
SELECT 'rule', r.schema, r.name, w.rulename::text, pg_catalog.pg_get_ruledef(w.oid),
       w.ev_enabled::text, NULL, NULL
  FROM relation r
  JOIN pg_catalog.pg_rewrite w ON w.ev_class = r.oid@one_of(relations, w.ev_class)@
 WHERE w.rulename <> '_RETURN'""",
    # a: of what kind; b: columns, whose order means nothing; c: expressions, as JSON; d: its own
    # schema, where that is not the table's
    """\
SELECT 'statistics', r.schema, r.name, s.stxname::text,
       pg_catalog.array_to_string(s.stxkind, ''),
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attname)
          FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = r.oid AND a.attnum = ANY (s.stxkeys)),
       @measured@, CASE WHEN n.oid <> r.relnamespace THEN n.nspname::text END
  FROM relation r
  JOIN pg_catalog.pg_statistic_ext s ON s.stxrelid = r.oid@one_of(relations, s.stxrelid)@
  JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace""",
    # roles by name: the order of their oids is each server's own
    """\
SELECT 'policy', r.schema, r.name, p.polname::text,
       CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
                     WHEN 'd' THEN 'delete' ELSE 'all' END
         || CASE WHEN p.polpermissive THEN '' ELSE ' restrictive' END,
       (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(o.rolname), ', ' ORDER BY o.rolname)
          FROM pg_catalog.pg_roles o WHERE o.oid = ANY (p.polroles)),
       pg_catalog.pg_get_expr(p.polqual, p.polrelid),
       pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
  FROM relation r
  JOIN pg_catalog.pg_policy p ON p.polrelid = r.oid@one_of(relations, p.polrelid)@""",
    # its owner as JSON: three names in one text, whatever these hold. deptype a is a serial's, i an
    # identity's
    """\
SELECT 'sequence', n.schema, c.relname::text, d.deptype::text,
       q.seqrelid::pg_catalog.regclass::text,
       pg_catalog.concat_ws(' ', pg_catalog.format_type(q.seqtypid, NULL), q.seqincrement, q.seqmin,
                            q.seqmax, q.seqstart, q.seqcache, q.seqcycle),
       CASE WHEN r.oid IS NOT NULL THEN
         pg_catalog.json_build_array(r.schema, r.name, a.attname)::text END, NULL
  FROM pg_catalog.pg_sequence q
  JOIN pg_catalog.pg_class c ON c.oid = q.seqrelid@one_of(with_parts, c.oid)@
  JOIN space n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_depend d ON d.objid = q.seqrelid AND d.objsubid = 0
        AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        AND d.deptype IN ('a', 'i')@one_of(with_parts, d.objid)@
  LEFT JOIN relation r ON r.oid = d.refobjid
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid
        AND a.attnum = d.refobjsubid@one_of(relations, a.attrelid)@
 WHERE (r.oid IS NOT NULL OR @named_relation@)@one_of(with_parts, q.seqrelid)@
   AND q.seqrelid NOT IN (SELECT m.objid FROM member m
                           WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass)""",
    # labels in their order: an enum sorts by it
    f"""\
SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'range' END,
       n.schema, t.typname::text, '',
       CASE t.typtype WHEN 'e' THEN
              (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', '
                        ORDER BY e.enumsortorder)
                 FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid)
            WHEN 'd' THEN pg_catalog.format_type(t.typbasetype, t.typtypmod)
            ELSE (SELECT pg_catalog.concat_ws(', ', pg_catalog.format_type(g.rngsubtype, NULL),
                           'canonical ' || {function_name("g.rngcanonical")},
                           'difference ' || {function_name("g.rngsubdiff")})
                    FROM pg_catalog.pg_range g WHERE g.rngtypid = t.oid) END,
       pg_catalog.pg_get_expr(t.typdefaultbin, 0), CASE WHEN t.typnotnull THEN 'N' ELSE '-' END,
       (SELECT l.collname::text FROM pg_catalog.pg_collation l, pg_catalog.pg_type b
         WHERE b.oid = t.typbasetype AND l.oid = t.typcollation
           AND t.typcollation <> b.typcollation)
  FROM pg_catalog.pg_type t JOIN space n ON n.oid = t.typnamespace
 WHERE t.typtype IN ('e', 'd', 'r') AND @named_type@@one_of(types, t.oid)@
   AND t.oid NOT IN (SELECT m.objid FROM member m
                      WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass)""",
    # the checks of domains
    """\
SELECT 'check', n.schema, t.typname::text, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid),
       NULL, NULL, NULL
  FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_type t ON t.oid = k.contypid@one_of(types, k.contypid)@
  JOIN space n ON n.oid = t.typnamespace
 WHERE k.contype = 'c' AND k.contypid <> 0 AND @named_type@@one_of(types, t.oid)@
   AND t.oid NOT IN (SELECT m.objid FROM member m
                      WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass)""",
    FUNCTIONS,
    # its version is left out: an upgrade of the server brings another. plpgsql is in every database
    """\
SELECT 'extension', '', e.extname::text, '', NULL, NULL, NULL, NULL
  FROM pg_catalog.pg_extension e WHERE e.extname <> 'plpgsql' AND @named_extension@""",
    # the target and public are there before any revision
    """\
SELECT 'schema', '', n.nspname::text, '', NULL, NULL, NULL, NULL FROM space n
 WHERE n.schema NOT IN ('', 'public') AND @named_schema@""",
)

ROWS = _COMMON + "\nUNION ALL\n".join(_KINDS)
