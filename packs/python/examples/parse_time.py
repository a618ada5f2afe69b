# request: Write parse_time(text): the number of seconds in a time given as "hh:mm:ss".
# kind: function
# tags: parsing, dates, numbers
# check: parse_time("00:01:05") == 65
# check: parse_time("02:00:00") == 7200
# check: parse_time("23:59:59") == 86399
# ---
def parse_time(text):
    """Return the number of seconds in a time such as "01:02:03"."""
    hours, minutes, seconds = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)
