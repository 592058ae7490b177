-- Every group of an environment with its members, the heaviest first; of those without a weight that is not a number.

SELECT g.type, g.name,
       COALESCE(m.symbols, '{}'),
       COALESCE(m.weights, '{}')
  FROM definition_groups g
  LEFT JOIN LATERAL (
      SELECT array_agg(symbol::text ORDER BY weight DESC NULLS LAST, symbol) AS symbols,
             array_agg(COALESCE(weight, 'NaN')::float8 ORDER BY weight DESC NULLS LAST, symbol) AS weights
        FROM group_memberships
       WHERE group_id = g.id
  ) m ON true
 WHERE g.environment = %(environment)s
