"""The command line: parse, compose, call, print."""


def main() -> None:
    """Placeholder until the loop stands."""
    raise SystemExit(2)
