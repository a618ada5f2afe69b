# request: Write same_letters(a, b): True if two words use exactly the same letters, ignoring case.
# kind: function
# tags: strings, compare, sort
# check: same_letters('Listen', 'Silent') == True
# check: same_letters('ab', 'abb') == False
# check: same_letters('', '') == True
# ---
def same_letters(a, b):
    """Return True if a and b use exactly the same letters."""
    return sorted(a.lower()) == sorted(b.lower())
