-- The categories that an application starts with. Its own entries (app_settings, ...) live here too.

CREATE TABLE IF NOT EXISTS cache_entries (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type varchar(100) NOT NULL,
    name varchar(255) NOT NULL,
    key varchar(255) NOT NULL,
    value jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE cache_entries
    ADD COLUMN IF NOT EXISTS updated_at timestamptz DEFAULT now();

-- The table of an older application may hold JSON as text, and an entry twice.
DO $$
DECLARE
    twin text;
BEGIN
    IF (SELECT atttypid FROM pg_attribute
         WHERE attrelid = 'cache_entries'::regclass AND attname = 'value') <> 'jsonb'::regtype THEN
        ALTER TABLE cache_entries ALTER COLUMN value TYPE jsonb USING value::jsonb;
    END IF;
    SELECT concat_ws(' | ', type, name, key) INTO twin
      FROM cache_entries GROUP BY type, name, key HAVING count(*) > 1 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'cache_entries has % twice; delete one of the two, then migrate again', twin;
    END IF;
END
$$;
CREATE UNIQUE INDEX IF NOT EXISTS cache_entries_place ON cache_entries (type, name, key);

-- The symbols that an entry's value lists, in whichever of its shapes: tickers, objects with a symbol, or an object
-- with such a list.
CREATE FUNCTION entry_symbols(value jsonb) RETURNS TABLE (symbol text)
LANGUAGE sql IMMUTABLE AS $$
    SELECT COALESCE(member ->> 'symbol', member ->> 'ticker', member #>> '{}')
      FROM jsonb_array_elements(
               CASE WHEN jsonb_typeof(value) = 'array' THEN value
                    WHEN jsonb_typeof(value -> 'stocks') = 'array' THEN value -> 'stocks'
                    WHEN jsonb_typeof(value -> 'etfs') = 'array' THEN value -> 'etfs'
                    ELSE '[]' END) member
     WHERE jsonb_typeof(member) IN ('string', 'object')
$$;
