"""House style: how statements are laid out."""
