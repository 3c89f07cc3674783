CREATE VIEW statements AS
SELECT source AS account, date_trunc('month', booked_at) AS month, sum(amount)::numeric(12, 2) AS paid
FROM transfers
GROUP BY 1, 2;
