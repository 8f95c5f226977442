"""How Sphinx builds the documentation: ``make docs``."""

import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pyterrier-rewrite"
copyright = "the authors of pyterrier-rewrite"
html_title = project

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "mathml",  # these three are ours: docs/_ext
    "offline",
    "reference",
]
exclude_patterns = ["_build", "_ext"]
suppress_warnings = ["ref.python"]  # Reward is a protocol and a class
# a checkout may hold no tutorials; Sphinx has no name for this warning by which to suppress it
logging.getLogger("sphinx.sphinx.directives.other").addFilter(
    lambda record: "tutorials/*" not in str(record.args)
)

# Tutorials are notebooks, in a folder of their own each time: a build leaves nothing in docs/.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 600
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]

highlight_language = "text"
toc_object_entries_show_parents = "hide"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Reference", "returns_style")]
maximum_signature_line_length = 80

# Every reference is checked. Other libraries' names have no target here: their sites are not
# asked, so that a build needs no network.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(abc|collections|os|pathlib|typing)\..*|Path|PathLike|-?\d+"),
    (r"py:.*", r"annotated_types\..*|[gl][et]=.*"),
    (r"py:.*", r"(np|numpy|npt|pd|pandas|pt|pyterrier|ir_measures|torch|transformers|trl)\..*"),
]

html_theme = "pydata_sphinx_theme"
html_math_renderer = "mathml"
html_show_sourcelink = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "logo": {"text": project},
    "navbar_end": ["theme-switcher"],
    "navigation_with_keys": False,
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
