# request: Write count_vowels(text): the number of vowels in a text, upper or lower case.
# kind: function
# tags: strings, count
# check: count_vowels("Pion") == 2
# check: count_vowels("rhythm") == 0
# check: count_vowels("AEiou") == 5
# ---
def count_vowels(text):
    """Return the number of vowels in text."""
    return sum(1 for letter in text.lower() if letter in "aeiou")
