"""The frame of a page that stands alone: it holds all it needs and may fetch nothing, no network, no file beside it."""

from __future__ import annotations

from html import escape

__all__ = ["framed", "in_script", "page"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5em; color: #111; background: #fff; }
table { border-collapse: collapse; } th, td { padding: 1px 6px; text-align: left; white-space: pre; font-size: 13px; }
th { font-weight: 600; } .scroll { overflow-x: auto; } caption, p { text-align: left; color: #444; }
"""


def page(title: str, body: str, script: str = "", style: str = "") -> str:
    """A whole document around HTML, a script and style of ours; ``title`` is text."""
    run = f"<script>{script}</script>" if script else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(title)}</title><style>{_STYLE}{style}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n{body}\n{run}</body></html>\n"
    )


def framed(document: str, height: str = "46em") -> str:
    """A page in a frame of its own, for notebooks: its script sees nothing of the notebook."""
    held = escape(document, quote=True)
    return f'<iframe sandbox="allow-scripts" style="width:100%;height:{height};border:0" srcdoc="{held}"></iframe>'


def in_script(text: str) -> str:
    """JSON that ends no script element, whatever its strings hold."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
