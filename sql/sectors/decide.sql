-- Weigh the evidence: for each stock the sector of the best source, and what spoke against it.

-- The planner takes what the steps below give for a row or two, and would look each stock up among all others.
SET LOCAL enable_nestloop = off;

INSERT INTO decided (symbol, sector, metadata, pinned)
WITH ranks (source, rank, confidence, weaker) AS (VALUES
    ('override', 1, 'certain', 'high'), ('sector_etf', 2, 'high', 'medium'), ('issuer_file', 3, 'high', 'medium'),
    ('classification', 4, 'medium', 'low'), ('symbol_rule', 5, 'low', 'low'), ('unclassified', 6, 'none', 'none')
), weighed AS (
    SELECT e.*, r.rank, r.confidence, r.weaker,
           row_number() OVER (PARTITION BY e.symbol
                              ORDER BY r.rank, e.as_of DESC NULLS LAST, e.weight DESC NULLS LAST, e.origin) AS place
      FROM evidence e
      JOIN sector_symbols USING (symbol)
      JOIN ranks r USING (source)
     WHERE e.sector IS NOT NULL
), against AS (
    -- Each source that names another sector, once: of ten files that agree the first is enough.
    SELECT w.symbol, bool_or(o.rank = w.rank) AS doubted,
           jsonb_agg(jsonb_build_object('sector', o.sector, 'source', o.source, 'origin', o.origin)
                     ORDER BY o.place) AS conflicts
      FROM weighed w
      JOIN (SELECT DISTINCT ON (symbol, source, sector) * FROM weighed ORDER BY symbol, source, sector, place) o
        ON o.symbol = w.symbol AND o.sector <> w.sector
     WHERE w.place = 1
     GROUP BY w.symbol
), industries AS (
    -- Funds name no industry; the best source that agrees on the sector does.
    SELECT DISTINCT ON (w.symbol) w.symbol, o.industry
      FROM weighed w JOIN weighed o ON o.symbol = w.symbol AND o.sector = w.sector AND o.industry IS NOT NULL
     WHERE w.place = 1
     ORDER BY w.symbol, o.place
), names AS (
    SELECT DISTINCT ON (symbol) symbol, name
      FROM evidence WHERE name IS NOT NULL
     ORDER BY symbol, array_position('{override,classification}', source), as_of DESC NULLS LAST, origin
), listed AS (
    SELECT symbol, min(origin) AS origin FROM evidence WHERE sector IS NULL GROUP BY symbol
), last AS (
    SELECT f.group_id, f.kept_symbols, g.name AS sector, d.version
      FROM definition_groups g
     CROSS JOIN LATERAL (SELECT * FROM last_files WHERE group_id = g.id LIMIT 1) f
      JOIN data_version d USING (load_id)
     WHERE g.type = 'SECTOR' AND g.environment = %(environment)s
), runs AS (
    SELECT r.id, r.kind, d.version FROM load_runs r JOIN data_version d ON d.load_id = r.id
), standing AS (
    -- What the last load left, whatever a hand made of it since; where it kept a hand's row, what a load before left.
    -- Who opened a row does not tell: one that a hand moved to where the load wants it is not written again.
    SELECT DISTINCT ON (v.symbol) v.symbol, l.sector, v.metadata, r.rank
      FROM last l
      JOIN membership_versions v ON v.group_id = l.group_id AND v.symbol IS NOT NULL
      JOIN ranks r ON r.source = v.metadata ->> 'source'
      JOIN runs o ON o.id = v.opened_by
      LEFT JOIN runs c ON c.id = v.closed_by
      LEFT JOIN (SELECT group_id, unnest(kept_symbols) AS symbol FROM last) k
        ON k.group_id = v.group_id AND k.symbol = v.symbol
     CROSS JOIN LATERAL (
         SELECT o.version <= l.version AND (c.id IS NULL OR c.version > l.version) AND k.symbol IS NULL AS by_last
     ) w
     WHERE w.by_last OR o.kind = 'load' AND c.kind = 'manual'
     ORDER BY v.symbol, w.by_last DESC, v.opened_by DESC
), best AS (
    SELECT s.symbol, COALESCE(w.sector, 'unknown') AS sector, COALESCE(w.source, 'unclassified') AS source,
           COALESCE(w.rank, 6) AS rank,
           CASE WHEN a.doubted THEN w.weaker ELSE COALESCE(w.confidence, 'none') END AS confidence,
           CASE WHEN w.symbol IS NULL THEN 'Unknown' ELSE i.industry END AS industry,
           n.name, a.conflicts,
           CASE w.source
               WHEN 'sector_etf' THEN 'held by ' || w.origin
               WHEN 'issuer_file' THEN 'sector column of ' || w.origin
               WHEN 'symbol_rule' THEN 'symbol rule'
               ELSE COALESCE('listed in ' || w.origin, 'listed without a sector in ' || l.origin, %(nowhere)s)
           END AS reason
      FROM sector_symbols s
      LEFT JOIN weighed w ON w.symbol = s.symbol AND w.place = 1
      LEFT JOIN against a ON a.symbol = s.symbol
      LEFT JOIN industries i ON i.symbol = s.symbol
      LEFT JOIN names n ON n.symbol = s.symbol
      LEFT JOIN listed l ON l.symbol = s.symbol
), held AS (
    -- The sectors that a hand gave, where the run leaves a hand's rows.
    SELECT m.symbol, g.name AS sector, bool_and(h.adopted IS TRUE) AS adopted
      FROM group_memberships m
      JOIN definition_groups g ON g.id = m.group_id AND g.type = 'SECTOR' AND g.environment = %(environment)s
      LEFT JOIN hand_rows h ON h.group_id = m.group_id AND h.symbol = m.symbol
     WHERE %(leave_hand)s
       AND (h.symbol IS NOT NULL OR (m.metadata ->> 'source' = ANY (%(sources)s)) IS NOT TRUE)
     GROUP BY m.symbol, g.name
), result AS (
    -- Stronger evidence that this run did not look at stays. So does, where it looked at little, what it would only
    -- say again with less.
    SELECT b.symbol,
           COALESCE(t.sector, b.sector) AS sector,
           CASE WHEN t.symbol IS NOT NULL THEN sector_evidence(t.metadata)
                ELSE jsonb_build_object('source', b.source, 'name', b.name, 'industry', b.industry,
                                        'confidence', b.confidence, 'reason', b.reason,
                                        'conflicts', COALESCE(b.conflicts, '[]')) END AS metadata
      FROM best b
      LEFT JOIN standing t
        ON t.symbol = b.symbol
       AND (t.rank < b.rank AND t.metadata ->> 'source' <> ALL (%(kinds)s)
            OR %(build)s AND t.metadata ->> 'source' = b.source AND t.metadata ->> 'reason' IS NOT NULL
               AND t.sector = b.sector
               AND (b.industry IS NULL OR b.industry = t.metadata ->> 'industry'))
)
SELECT r.symbol, r.sector, r.metadata, bool_or(h.symbol IS NOT NULL)
  FROM result r
  LEFT JOIN held h
    ON h.symbol = r.symbol AND h.sector <> r.sector
   AND (NOT h.adopted OR r.metadata ->> 'source' = 'unclassified')
 GROUP BY r.symbol, r.sector, r.metadata;

SET LOCAL enable_nestloop = on;
