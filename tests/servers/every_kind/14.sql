-- What PostgreSQL 14 and later have.
CREATE FUNCTION atomic(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql
    BEGIN ATOMIC SELECT a + 1 WHERE substring(b FROM 1 FOR 1) = 'x' AND extract(year FROM now()) > 2000; SELECT length(trim(b)) + a; END;
CREATE FUNCTION returned(a int) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN a IN (1, 2) AND a::text IN ('1', '2');
CREATE FUNCTION of_table(wanted int) RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT status FROM checked WHERE id = wanted; END;
CREATE PROCEDURE gives(IN a int, OUT b text, INOUT c int DEFAULT 3) LANGUAGE plpgsql AS $$ BEGIN b := a; END $$;
CREATE TABLE several (slots int4multirange DEFAULT '{[1,3), [5,7)}', document jsonb CHECK (document['a']['b'] IS NOT NULL), slot nummultirange);
CREATE TYPE wide AS RANGE (subtype = date, multirange_type_name = "Wide Ones");
CREATE TABLE wider (w wide, ws "Wide Ones");
CREATE VIEW aliased AS SELECT j.a, child.id FROM child JOIN parent USING (a, b) AS j;
CREATE VIEW searched AS WITH RECURSIVE t AS (SELECT id, self FROM child UNION ALL SELECT c.id, c.self FROM child c JOIN t ON t.self = c.id)
    SEARCH DEPTH FIRST BY id SET path CYCLE id SET looped USING seen SELECT id, looped FROM t;
CREATE VIEW once AS SELECT code, count(*) FROM checked GROUP BY DISTINCT ROLLUP (code), ROLLUP (code);
CREATE AGGREGATE OR_all(anycompatiblearray) (SFUNC = array_cat, STYPE = anycompatiblearray);
CREATE TABLE measured (size int, day date, code text, status text);
CREATE STATISTICS of_expressions (ndistinct) ON (size + 1), (extract(month FROM day)), code FROM measured;
CREATE STATISTICS of_one ON (lower(status)) FROM measured;
CREATE CAST (span AS text) WITH INOUT AS ASSIGNMENT;
