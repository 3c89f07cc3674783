-- Who the tenants are. The app adds a row for each new one; the next `fleet run` makes its schema.
CREATE TABLE public.tenants (
    name text PRIMARY KEY,
    active boolean NOT NULL DEFAULT true
);

INSERT INTO public.tenants (name)
SELECT format('tenant_%s', to_char(number, 'FM00')) FROM generate_series(1, 50) AS number;
