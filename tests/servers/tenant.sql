-- A tenant's tables: nothing here names a schema.
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE address AS (street text, feeling mood);
CREATE TYPE span AS RANGE (subtype = date);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE SEQUENCE numbers INCREMENT BY 5;
CREATE TABLE "user" (
    id serial PRIMARY KEY,
    number bigint DEFAULT nextval('numbers'),
    other int GENERATED ALWAYS AS IDENTITY,
    feeling mood NOT NULL DEFAULT 'ok' CHECK (feeling IN ('sad', 'ok')),
    feelings mood[] DEFAULT ARRAY['sad']::mood[],
    home address,
    size positive,
    valid span DEFAULT span('2024-01-01', NULL)
);
CREATE FUNCTION lower(mood) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION doubled(positive, mood[] DEFAULT ARRAY['ok']::mood[]) RETURNS SETOF "user" LANGUAGE sql AS 'SELECT * FROM "user"';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE orders (id int PRIMARY KEY, owner int REFERENCES "user" ON DELETE CASCADE, CHECK (id <> 3));
CREATE TABLE special () INHERITS (orders);
CREATE TABLE log (at date, n int DEFAULT nextval('numbers'::regclass)) PARTITION BY RANGE (at);
CREATE TABLE log_2024 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE INDEX by_feeling ON "user" (lower(feeling)) WHERE feeling <> 'sad';
CREATE VIEW happy AS SELECT u.id, o.id AS "order", lower(u.feeling) FROM "user" u JOIN orders o ON o.owner = u.id WHERE u.feeling = 'ok';
CREATE VIEW sizes AS SELECT id, size FROM "user" WHERE size > 3;
CREATE MATERIALIZED VIEW counts AS SELECT feeling, count(*) FROM "user" GROUP BY feeling;
CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW WHEN (NEW.id > 3) EXECUTE FUNCTION touch();
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (owner IN (SELECT u.id FROM "user" u WHERE u.feeling = 'ok'));
