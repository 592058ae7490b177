-- Exactly the plan. Entries that stay as they are keep their time, but for the summary: its time is when the entries
-- were last organised, unless one of them was kept with another value.

DELETE FROM cache_entries e USING entry_changes c
 WHERE (e.type, e.name, e.key) = (c.type, c.name, c.key) AND c.action = 'removed';

UPDATE cache_entries e SET value = c.value, updated_at = now()
  FROM entry_changes c
 WHERE (e.type, e.name, e.key) = (c.type, c.name, c.key) AND c.action = 'changed';

INSERT INTO cache_entries (type, name, key, value, updated_at)
SELECT type, name, key, value, now() FROM entry_changes WHERE action = 'added'
 ORDER BY type COLLATE "C", name COLLATE "C", key COLLATE "C";

UPDATE cache_entries SET updated_at = now()
 WHERE (type, name, key) = ('stock_stats', 'universe', 'summary')
   AND NOT EXISTS (SELECT FROM entry_changes WHERE action = 'kept' AND is_wanted);
