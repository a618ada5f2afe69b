"""Questions to invented databases, with statements that were executed there."""
