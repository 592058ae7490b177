-- Of these groups, those whose stored rows are not what the last load left.

SELECT r.group_id
  FROM unnest(%(groups)s::integer[], %(fingerprints)s::text[]) AS r (group_id, fingerprint)
  LEFT JOIN (
      SELECT group_id, md5(string_agg(symbol || '|' || COALESCE(weight::text, ''), E'\n' ORDER BY symbol)) AS fingerprint
        FROM group_memberships
       WHERE group_id = ANY (%(groups)s)
       GROUP BY group_id
  ) c USING (group_id)
 WHERE COALESCE(c.fingerprint, md5('')) <> r.fingerprint;
