# request: Write mask_digits(text): the text with every digit replaced by a star.
# kind: function
# tags: strings
# check: mask_digits("run 42") == "run **"
# check: mask_digits("abc") == "abc"
# check: mask_digits("2025-11") == "****-**"
# ---
def mask_digits(text):
    """Return text with every digit replaced by a star."""
    return "".join("*" if letter.isdigit() else letter for letter in text)
