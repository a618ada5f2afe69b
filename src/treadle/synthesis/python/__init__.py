"""Rows for Python: requests over invented data files, and small functions, each with a program that was run and checked."""
