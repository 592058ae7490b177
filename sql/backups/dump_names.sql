-- The tables, and the sequences that number their rows, as patterns for pg_dump that match nothing else.
SELECT c.relkind::text, format('"%%s"."%%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""'))
  FROM (
    SELECT t.name::regclass AS oid
      FROM unnest(%(tables)s) t (name)
    UNION
    SELECT d.objid
      FROM unnest(%(tables)s) t (name)
      JOIN pg_depend d ON d.refobjid = t.name::regclass AND d.refclassid = 'pg_class'::regclass
     WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  ) named
  JOIN pg_class c ON c.oid = named.oid AND c.relkind IN ('r', 'p', 'S')
  JOIN pg_namespace n ON n.oid = c.relnamespace
 ORDER BY c.relkind, c.relname
