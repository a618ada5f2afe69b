# request: Write letter_counts(word): a dictionary with how often each letter occurs in a word.
# kind: function
# tags: strings, dict, count
# check: letter_counts("abba") == {"a": 2, "b": 2}
# check: letter_counts("") == {}
# check: letter_counts("zz") == {"z": 2}
# ---
def letter_counts(word):
    """Return a dictionary from each letter of word to its count."""
    counts = {}
    for letter in word:
        counts[letter] = counts.get(letter, 0) + 1
    return counts
