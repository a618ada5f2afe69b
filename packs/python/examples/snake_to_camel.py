# request: Write a function snake_to_camel that turns a snake_case name into camelCase.
# kind: function
# tags: strings, names
# check: snake_to_camel("muon_pt_max") == "muonPtMax"
# check: snake_to_camel("eta") == "eta"
# check: snake_to_camel("a_b") == "aB"
# ---
def snake_to_camel(name):
    """Return the camelCase form of a snake_case name."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
