"""What was loaded, what each run changed, and how groups came to be what they are: one module a question."""
