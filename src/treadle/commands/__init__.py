"""Commands of the command line, a module for each group; thin, and light to import."""
