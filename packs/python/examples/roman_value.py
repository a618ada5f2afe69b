# request: Write roman_value(text): the integer that a Roman numeral stands for.
# kind: function
# tags: strings, numbers, parse
# check: roman_value('XIV') == 14
# check: roman_value('III') == 3
# check: roman_value('MCMXC') == 1990
# ---
def roman_value(text):
    """Return the integer that a Roman numeral stands for."""
    values = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    total = 0
    for i, letter in enumerate(text):
        value = values[letter]
        if i + 1 < len(text) and values[text[i + 1]] > value:
            total -= value
        else:
            total += value
    return total
