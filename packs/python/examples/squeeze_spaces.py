# request: Write squeeze_spaces(text): replaces every run of blanks by one blank and removes blanks at the ends.
# kind: function
# tags: strings
# check: squeeze_spaces("  a   b ") == "a b"
# check: squeeze_spaces("ab") == "ab"
# check: squeeze_spaces("   ") == ""
# ---
def squeeze_spaces(text):
    """Return text with every run of blanks replaced by one blank."""
    return " ".join(text.split())
