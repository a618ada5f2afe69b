# request: Write a function initials that returns the first letters of the words of a name in upper case.
# kind: function
# tags: strings
# check: initials("marie curie") == "MC"
# check: initials("emmy") == "E"
# check: initials("") == ""
# ---
def initials(name):
    """Return the first letters of the words of name in upper case."""
    return "".join(word[0].upper() for word in name.split())
