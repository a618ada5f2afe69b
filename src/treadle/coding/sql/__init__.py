"""Questions in plain words answered by SQL that was executed, read-only by construction."""
