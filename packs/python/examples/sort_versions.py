# request: Write sort_versions(versions): sorts version texts such as "1.10.2" by their numbers.
# kind: function
# tags: sorting, strings, parsing
# check: sort_versions(["1.10", "1.9", "1.2.3"]) == ["1.2.3", "1.9", "1.10"]
# check: sort_versions([]) == []
# check: sort_versions(["2.0", "1.0"]) == ["1.0", "2.0"]
# ---
def sort_versions(versions):
    """Return the version texts sorted by their numbers."""
    return sorted(versions, key=lambda text: [int(part) for part in text.split(".")])
