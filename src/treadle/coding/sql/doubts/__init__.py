"""Why a statement that ran may answer another question than the one asked."""
