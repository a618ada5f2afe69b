# request: Write most_common_item(items): the item that occurs most often; the first one among equals.
# kind: function
# tags: lists, count, maximum
# check: most_common_item(['a', 'b', 'b']) == 'b'
# check: most_common_item([2, 1, 1, 2]) == 2
# check: most_common_item([7]) == 7
# ---
def most_common_item(items):
    """Return the item that occurs most often, the first among equals."""
    counts = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return max(counts, key=counts.get)
