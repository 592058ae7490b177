-- The highest number that was ever given to a row of each table: what its sequence says, where the role may look at
-- it, and what stands in the rows, also in those that tell of a row that is gone.
SELECT n.table_name, GREATEST(n.highest, CASE WHEN has_sequence_privilege(n.sequence, 'SELECT, USAGE')
                                              THEN pg_sequence_last_value(n.sequence) END, 0)
  FROM (
    SELECT 'definition_groups', pg_get_serial_sequence('definition_groups', 'id')::regclass,
           GREATEST((SELECT max(id) FROM definition_groups), (SELECT max(group_id) FROM membership_versions),
                    (SELECT max(group_id) FROM load_files))
    UNION ALL
    SELECT 'group_memberships', pg_get_serial_sequence('group_memberships', 'id')::regclass,
           GREATEST((SELECT max(id) FROM group_memberships), (SELECT max(id) FROM removed_memberships))
    UNION ALL
    SELECT 'load_runs', pg_get_serial_sequence('load_runs', 'id')::regclass,
           GREATEST((SELECT max(id) FROM load_runs), (SELECT max(load_id) FROM data_version),
                    (SELECT max(GREATEST(opened_by, closed_by)) FROM membership_versions))
    UNION ALL
    SELECT 'load_files', pg_get_serial_sequence('load_files', 'id')::regclass, (SELECT max(id) FROM load_files)
    UNION ALL
    SELECT 'data_version', pg_get_serial_sequence('data_version', 'version')::regclass,
           (SELECT max(version) FROM data_version)
  ) n (table_name, sequence, highest)
