# request: Write a function run_lengths that lists each run of equal letters with its length, as pairs.
# kind: function
# tags: strings, lists, loop
# check: run_lengths("aab") == [("a", 2), ("b", 1)]
# check: run_lengths("") == []
# check: run_lengths("aba") == [("a", 1), ("b", 1), ("a", 1)]
# ---
def run_lengths(text):
    """Return a list of (letter, length) pairs for the runs in text."""
    runs = []
    for letter in text:
        if runs and runs[-1][0] == letter:
            runs[-1] = (letter, runs[-1][1] + 1)
        else:
            runs.append((letter, 1))
    return runs
