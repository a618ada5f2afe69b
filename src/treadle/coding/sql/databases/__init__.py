"""Where statements are executed: files inside the sandbox, PostgreSQL by a role that can only read."""
