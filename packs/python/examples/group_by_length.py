# request: Write group_by_length(words): a dictionary from word length to the list of words of that length.
# kind: function
# tags: dict, lists, strings
# check: group_by_length(["a", "bb", "c"]) == {1: ["a", "c"], 2: ["bb"]}
# check: group_by_length([]) == {}
# check: group_by_length(["pi", "mu"]) == {2: ["pi", "mu"]}
# ---
def group_by_length(words):
    """Return a dictionary from length to the words of that length."""
    groups = {}
    for word in words:
        groups.setdefault(len(word), []).append(word)
    return groups
