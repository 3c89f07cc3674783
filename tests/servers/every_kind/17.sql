-- What PostgreSQL 17 and later have.
CREATE TABLE queried (d jsonb, at timestamptz DEFAULT now(), v text GENERATED ALWAYS AS (JSON_VALUE(d, '$.a' DEFAULT 'x' ON EMPTY)) STORED,
    CHECK (JSON_EXISTS(d, '$.b')), CHECK (JSON_QUERY(d, '$.c' WITH WRAPPER) IS NOT NULL), CHECK (at AT LOCAL > '2000-01-01'::timestamp));
CREATE VIEW tabled AS SELECT t.id, t.name FROM queried, JSON_TABLE(d, '$[*]' COLUMNS (id FOR ORDINALITY, name text PATH '$.n' DEFAULT 'x' ON EMPTY,
    NESTED PATH '$.k[*]' COLUMNS (k int PATH '$'))) t;
CREATE FUNCTION merged(x int) RETURNS text LANGUAGE sql BEGIN ATOMIC
    MERGE INTO thing t USING (SELECT x AS w) s ON t.weight = s.w WHEN MATCHED THEN DELETE WHEN NOT MATCHED BY SOURCE THEN DO NOTHING
    WHEN NOT MATCHED THEN INSERT (weight) VALUES (s.w) RETURNING merge_action(); END;
CREATE TABLE partitioned_identity (id int GENERATED ALWAYS AS IDENTITY, k int) PARTITION BY LIST (k);
CREATE TABLE partitioned_identity_1 PARTITION OF partitioned_identity FOR VALUES IN (1);
CREATE DOMAIN required AS text CONSTRAINT told NOT NULL;
