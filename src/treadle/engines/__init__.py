"""Where completions come from: the Engine protocol, its backends, constraints and model files."""
