# request: Write a function weekday_name that returns the English name of the weekday of a date given as "YYYY-MM-DD".
# kind: function
# tags: dates
# check: weekday_name("2025-11-24") == "Monday"
# check: weekday_name("2000-01-01") == "Saturday"
# check: weekday_name("2012-07-04") == "Wednesday"
# ---
from datetime import date


def weekday_name(text):
    """Return the English name of the weekday of a date."""
    names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    return names[date.fromisoformat(text).weekday()]
