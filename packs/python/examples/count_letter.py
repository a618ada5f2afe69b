# request: Write count_letter(text, letter): how often a letter occurs in a text, ignoring case.
# kind: function
# tags: strings, count
# check: count_letter('Banana', 'a') == 3
# check: count_letter('', 'x') == 0
# check: count_letter('AaA', 'a') == 3
# ---
def count_letter(text, letter):
    """Return how often letter occurs in text, ignoring case."""
    return text.lower().count(letter.lower())
