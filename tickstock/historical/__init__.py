"""Reference symbols, jobs that load bars into the database, and the categories that an application starts with."""
