# request: Write reads_both_ways(text): True if the letters read the same forwards and backwards.
# kind: function
# tags: strings, test, reverse
# check: reads_both_ways('Anna') == True
# check: reads_both_ways('ab') == False
# check: reads_both_ways('A man, a plan, a canal: Panama') == True
# ---
def reads_both_ways(text):
    """Return True if the letters read the same forwards and backwards."""
    letters = [c.lower() for c in text if c.isalnum()]
    return letters == letters[::-1]
