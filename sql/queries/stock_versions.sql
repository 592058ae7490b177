-- The versions of some symbols in some groups of which a day's is one: those that are open, those that were closed for
-- a later day (for version_span see 0007), and, where only what was known at a version of the data counts, those that
-- were closed for an earlier day by a run that was perhaps not known yet. Nothing is taken out of the metadata here:
-- only that of a sector is looked at.

SELECT group_id, symbol, weight, metadata, metadata IS NOT NULL AS member, valid_from, valid_to, opened_by, closed_by
  FROM membership_versions
 WHERE closed_by IS NULL AND group_id = ANY (%(groups)s::integer[]) AND symbol = ANY (%(symbols)s)
   AND valid_from <= %(day)s
UNION ALL
SELECT v.*
  FROM generate_series(0, 13) span
 CROSS JOIN LATERAL (
    SELECT group_id, symbol, weight, metadata, metadata IS NOT NULL, valid_from, valid_to, opened_by, closed_by
      FROM membership_versions
     WHERE closed_by IS NOT NULL AND symbol = ANY (%(symbols)s) AND version_span(valid_to - valid_from) = span
       AND valid_from > COALESCE(%(day)s::date - CASE WHEN span < 13 THEN (2 << span) - 1 END, '-infinity')
       AND valid_from <= %(day)s AND valid_to > %(day)s
    OFFSET 0
 ) v
UNION ALL
SELECT group_id, symbol, weight, metadata, metadata IS NOT NULL, valid_from, valid_to, opened_by, closed_by
  FROM membership_versions
 WHERE symbol = ANY (%(symbols)s) AND valid_from <= %(day)s AND valid_to <= %(day)s
   AND opened_by <= %(last)s AND closed_by >= %(next)s;
