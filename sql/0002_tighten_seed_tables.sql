-- Widen the weight, close the holes that NULLs left, and index the way back from a stock to its groups.

DO $$
DECLARE
    homeless bigint;
    twin text;
BEGIN
    SELECT g.type || ' ' || g.name INTO twin
      FROM definition_groups g JOIN definition_groups h USING (name, type)
     WHERE g.environment IS NULL AND (h.environment = 'DEFAULT' OR h.environment IS NULL AND h.id > g.id) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'definition_groups has % twice, once without an environment, which will be DEFAULT; rename or delete one of them, then migrate again', twin;
    END IF;
    SELECT count(*) INTO homeless FROM group_memberships WHERE group_id IS NULL;
    IF homeless > 0 THEN
        RAISE EXCEPTION 'group_memberships has % rows without a group_id; give each a group or delete it (SELECT * FROM group_memberships WHERE group_id IS NULL), then migrate again', homeless;
    END IF;
END
$$;

UPDATE definition_groups SET environment = 'DEFAULT' WHERE environment IS NULL;
UPDATE definition_groups SET metadata = '{}' WHERE metadata IS NULL;
UPDATE group_memberships SET metadata = '{}' WHERE metadata IS NULL;

ALTER TABLE definition_groups
    ALTER COLUMN environment SET NOT NULL,
    ALTER COLUMN metadata SET DEFAULT '{}',
    ALTER COLUMN metadata SET NOT NULL;

-- On a Monday nearly every weight moves. Pages that are half empty take the new row versions beside the old
-- ones and no index has to change; full pages end up at twice the size all the same, and later.
ALTER TABLE group_memberships SET (fillfactor = 50);

-- Percent: 6.5 is 6.5 %. Collation "C" sorts symbols the same on every machine.
ALTER TABLE group_memberships
    ALTER COLUMN group_id SET NOT NULL,
    ALTER COLUMN symbol TYPE VARCHAR(50) COLLATE "C",
    ALTER COLUMN weight TYPE NUMERIC(9, 6),
    ALTER COLUMN metadata SET DEFAULT '{}',
    ALTER COLUMN metadata SET NOT NULL,
    ADD CONSTRAINT group_memberships_weight_is_a_number CHECK (weight <> 'NaN');

CREATE INDEX group_memberships_symbol ON group_memberships (symbol);

-- An application that already keeps other types of groups here goes on doing so.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM definition_groups WHERE type NOT IN ('ETF', 'UNIVERSE', 'SECTOR', 'THEME')) THEN
        ALTER TABLE definition_groups ADD CONSTRAINT definition_groups_type_known
            CHECK (type IN ('ETF', 'UNIVERSE', 'SECTOR', 'THEME'));
    END IF;
END
$$;

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END
$$;

CREATE TRIGGER definition_groups_updated_at
    BEFORE UPDATE ON definition_groups
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
