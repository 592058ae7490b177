"""From a file to rows and problems: nothing here knows of a database."""
