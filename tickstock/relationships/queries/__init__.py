"""Questions about the stored relationships: one module a question, lines in ``text``, documents in ``shapes``."""
