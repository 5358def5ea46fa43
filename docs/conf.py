"""How Sphinx makes the documentation site out of this folder; `python -m tools.site OUT` runs it.

The pages are plain Markdown that reads well on a code host. What only the site needs (tables of contents, the API) is
added while they are read, by `tools.site`.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from calico_bundle import __version__

project = "calico_bundle"
author = "The calico_bundle authors"
version = release = __version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "tools.site"]
root_doc = "index"
exclude_patterns = ["_build"]

# Nothing may be missing: a reference that leads nowhere is a warning, and a warning fails the build.
nitpicky = True
# Types of other packages have no page here, and the site links to no other site's index (it would have to load it).
nitpick_ignore_regex = [(r"py:.*", r".*")]

# Single backquotes in docstrings are code, as in Markdown.
default_role = "literal"

# Anchors as code hosts make them, so that one link works in both.
myst_heading_anchors = 4
# `console` blocks show commands with their outputs, which no lexer of a shell understands in full.
highlight_language = "none"

autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True

# `man bundle-analyze`
man_pages = [("command-reference", "bundle-analyze", "say from a support bundle why pods lose DNS", author, 1)]

html_theme = "furo"
html_title = "calico_bundle"
html_copy_source = False
html_show_copyright = False
html_last_updated_fmt = None
# A summary below each hit would be fetched from the page, which no browser allows for pages that are opened as files.
html_show_search_summary = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
