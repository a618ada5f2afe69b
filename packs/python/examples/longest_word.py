# request: Write longest_word(sentence): the longest word of a sentence, the first one if several are equally long.
# kind: function
# tags: strings, maximum
# check: longest_word("the muon decays") == "decays"
# check: longest_word("two one") == "two"
# check: longest_word("") == ""
# ---
def longest_word(sentence):
    """Return the longest word of sentence, or an empty text."""
    words = sentence.split()
    if not words:
        return ""
    return max(words, key=len)
