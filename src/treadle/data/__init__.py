"""What is in a data file, and how to tell it to a model in few tokens."""

from treadle.data.relevance import mentioned_columns, relevant_columns, table_meant
from treadle.data.render import Rendered, render, rendered
from treadle.data.summary import look_at, summarise

__all__ = [
    "Rendered",
    "look_at",
    "mentioned_columns",
    "relevant_columns",
    "render",
    "rendered",
    "summarise",
    "table_meant",
]
