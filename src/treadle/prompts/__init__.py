"""Prompts: template files, the budget, and what every part costs."""

from treadle.prompts.build import Ingredients, build_prompt, build_repair, request_examples
from treadle.prompts.preamble import focused, preamble

__all__ = ["Ingredients", "build_prompt", "build_repair", "focused", "preamble", "request_examples"]
