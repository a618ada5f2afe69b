"""Training rows by program synthesis: requests on invented data with programs that were executed and passed."""

from treadle.synthesis.rows import Row, write_rows

__all__ = ["Row", "write_rows"]
