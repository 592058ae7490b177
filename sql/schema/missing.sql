-- Which of these objects the database lacks. Where tables or functions are not found, search_path leads elsewhere.
SELECT kind, name
  FROM unnest(%(kinds)s::text[], %(names)s::text[]) WITH ORDINALITY AS wanted (kind, name, place)
 WHERE NOT CASE kind
           WHEN 'function' THEN to_regproc(name) IS NOT NULL
           WHEN 'trigger' THEN EXISTS (SELECT FROM pg_trigger
                                        WHERE tgrelid = to_regclass(split_part(name, ' on ', 2))
                                          AND tgname = split_part(name, ' on ', 1))
           WHEN 'column' THEN EXISTS (SELECT FROM pg_attribute
                                       WHERE attrelid = to_regclass(split_part(name, '.', 1))
                                         AND attname = split_part(name, '.', 2) AND NOT attisdropped)
           ELSE to_regclass(name) IS NOT NULL
           END
 ORDER BY place
