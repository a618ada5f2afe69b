"""The main job: drafts are written, checked, repaired and chosen. ``ask.py`` is the loop; every step has its module."""
