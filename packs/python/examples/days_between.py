# request: Write days_between(first, second): the number of days between two dates given as "YYYY-MM-DD".
# kind: function
# tags: dates
# check: days_between("2024-02-28", "2024-03-01") == 2
# check: days_between("2025-01-01", "2025-01-01") == 0
# check: days_between("2025-01-02", "2025-01-01") == 1
# ---
from datetime import date


def days_between(first, second):
    """Return the number of days between two dates."""
    difference = date.fromisoformat(first) - date.fromisoformat(second)
    return abs(difference.days)
