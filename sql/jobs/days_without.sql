-- Of these days, those on which none of these symbols has a bar. Each begins at its start, and is over before its end.
SELECT day
  FROM unnest(%(days)s::date[], %(starts)s::{type}[], %(ends)s::{type}[]) AS wanted (day, start, over)
 WHERE NOT EXISTS (
     SELECT FROM {table} b
      WHERE b.symbol = ANY (%(symbols)s) AND b.{time} >= wanted.start AND b.{time} < wanted.over)
 ORDER BY day
