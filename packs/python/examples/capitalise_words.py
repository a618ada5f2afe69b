# request: Write capitalise_words(text): the text with the first letter of every word in upper case, the rest unchanged.
# kind: function
# tags: strings, words, case
# check: capitalise_words('big data set') == 'Big Data Set'
# check: capitalise_words('') == ''
# check: capitalise_words('aB c') == 'AB C'
# ---
def capitalise_words(text):
    """Return text with the first letter of every word in upper case."""
    return " ".join(word[:1].upper() + word[1:] for word in text.split(" "))
