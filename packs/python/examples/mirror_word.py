# request: Write a function mirror_word that appends the reverse of a word to it.
# kind: function
# tags: strings
# check: mirror_word("ab") == "abba"
# check: mirror_word("") == ""
# check: mirror_word("x") == "xx"
# ---
def mirror_word(word):
    """Return word followed by its reverse."""
    return word + word[::-1]
