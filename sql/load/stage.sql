-- Private tables of one loader: what the files say, and the plan. They live as long as the connection.

CREATE TEMPORARY TABLE staged_groups (
    no integer NOT NULL,
    name text NOT NULL,
    description text,           -- NULL: leave what is stored
    metadata jsonb NOT NULL,    -- the loader's own keys
    has_rows boolean NOT NULL,  -- false: the file is the last load's, or there is none to read
    path text,
    format text,
    checksum text,
    fingerprint text,
    as_of date,
    rows integer,
    members integer,
    split_off jsonb,            -- reason -> lines
    warnings jsonb
);

CREATE TEMPORARY TABLE staged_rows (
    no integer NOT NULL,
    symbol varchar(50) COLLATE "C" NOT NULL,
    weight numeric(9, 6),
    metadata jsonb              -- the loader's own keys; NULL: those of a file's row
);

CREATE TEMPORARY TABLE planned_groups (
    no integer NOT NULL,        -- of staged_groups; -group_id for a stored group without a file
    group_id integer,           -- NULL: not stored yet
    name text NOT NULL,
    action text NOT NULL,
    has_rows boolean NOT NULL,
    description text,
    metadata jsonb
);

-- Everything in a stored group that is not plainly unchanged. kept: a hand's row that this mode leaves;
-- missing: gone from the file and left because of --keep-missing.
CREATE TEMPORARY TABLE planned_rows (
    no integer NOT NULL,
    symbol varchar(50) COLLATE "C" NOT NULL,
    membership_id integer,
    old_weight numeric(9, 6),
    new_weight numeric(9, 6),
    new_metadata jsonb,
    action varchar(9) NOT NULL,
    in_file boolean NOT NULL,
    by_hand boolean NOT NULL
);

-- What files that are older than the stored rows say otherwise than is believed of their days.
CREATE TEMPORARY TABLE past_rows (
    no integer NOT NULL,
    group_id integer NOT NULL,
    symbol varchar(50) COLLATE "C" NOT NULL,
    old_weight numeric(9, 6),
    new_weight numeric(9, 6),
    action varchar(9) NOT NULL,
    until_day date NOT NULL
);

CREATE TEMPORARY TABLE hand_rows (
    group_id integer NOT NULL,
    symbol varchar(50) COLLATE "C" NOT NULL,
    adopted boolean NOT NULL    -- there since before the migration: a file that has it takes it over
);

-- The whole plan. Of a new group every row is added, so nothing had to be compared.
CREATE TEMPORARY VIEW planned_changes AS
SELECT no, symbol, membership_id, old_weight, new_weight, new_metadata, action, in_file, by_hand FROM planned_rows
UNION ALL
SELECT no, r.symbol, NULL, NULL, r.weight, r.metadata, 'added', true, false
  FROM staged_rows r JOIN planned_groups g USING (no)
 WHERE g.action = 'added';
