"""Questions read by rules: words linked to tables, columns and values, and sketches of statements."""
