-- The triggers to switch off during a restore, and how each is switched on. For a superuser, who alone may do it, also
-- those that check the foreign keys between the tables, where the row that refers is stored (not where the other goes).
SELECT tgrelid::regclass::text, quote_ident(tgname), tgenabled
  FROM pg_trigger
 WHERE tgrelid = ANY (%(tables)s::regclass[])
   AND tgenabled <> 'D'
   AND (NOT tgisinternal
        OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
           AND tgfoid IN ('"RI_FKey_check_ins"'::regproc, '"RI_FKey_check_upd"'::regproc)
           AND tgconstrrelid = ANY (%(tables)s::regclass[]))
 ORDER BY 1, 2
