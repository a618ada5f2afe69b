"""Drafts of SQL held to a schema."""

from treadle.grounding.sql.guide import SqlGuide

__all__ = ["SqlGuide"]
