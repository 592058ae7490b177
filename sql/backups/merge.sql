-- Make a table what its copy restored_{table} is, by id, and touch no row that is so already: what an application's
-- own tables refer to is not taken away from under them.
DELETE FROM {table} t WHERE NOT EXISTS (SELECT FROM restored_{table} r WHERE r.id = t.id);

-- First nobody has a name that is to change: two rows may have each other's.
UPDATE {table} t
   SET {name} = chr(1) || t.id
  FROM restored_{table} r
 WHERE r.id = t.id AND ROW({stored_key})::record *<> ROW({restored_key})::record;

UPDATE {table} t
   SET ({columns}) = ROW({restored})
  FROM restored_{table} r
 WHERE r.id = t.id AND ROW({stored})::record *<> ROW({restored})::record;

INSERT INTO {table} (id, {columns}) OVERRIDING SYSTEM VALUE
SELECT r.id, {restored} FROM restored_{table} r WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.id = r.id);
