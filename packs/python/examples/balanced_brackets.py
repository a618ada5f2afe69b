# request: Write balanced_brackets(text): True if all round, square and curly brackets of a text are closed in order.
# kind: function
# tags: strings, stack, loop
# check: balanced_brackets("a[(b)]{}") == True
# check: balanced_brackets("(]") == False
# check: balanced_brackets("((") == False
# ---
def balanced_brackets(text):
    """Return True if the brackets of text are closed in order."""
    closing = {")": "(", "]": "[", "}": "{"}
    stack = []
    for letter in text:
        if letter in "([{":
            stack.append(letter)
        elif letter in closing:
            if not stack or stack.pop() != closing[letter]:
                return False
    return not stack
