# request: Write a function transpose_table that swaps the rows and columns of a list of lists.
# kind: function
# tags: lists, matrix
# check: transpose_table([[1, 2], [3, 4]]) == [[1, 3], [2, 4]]
# check: transpose_table([[1, 2, 3]]) == [[1], [2], [3]]
# check: transpose_table([]) == []
# ---
def transpose_table(rows):
    """Return the columns of rows as lists."""
    return [list(column) for column in zip(*rows)]
