"""The one style of all figures, for matplotlib; the colours a reader sees are in CSS.

Sizes are chosen for a phone: a figure 6.4 inches wide is 461 units here and about 350
CSS pixels there. On wider screens figures.css shrinks the text, never the layout.
"""

from __future__ import annotations

from typing import Any, Final

# Colour and dash go together, so that a line is known without its colour too. The
# colours stay apart under the common kinds of colour blindness (tests/test_figures.py).
CYCLE: Final = ("#0a4db3", "#b53a00", "#0f9b80", "#7a2a68", "#b58000", "#9a6cf0")
DASHES: Final = (
    "-",
    (0, (5, 1.6)),
    (0, (1.2, 1.2)),
    (0, (7, 1.6, 1.2, 1.6)),
    (0, (9, 2.4)),
    (0, (4, 1.4, 1.2, 1.4, 1.2, 1.4)),
)
# What matplotlib draws in a colour on the left gets the CSS variable on the right.
THEMED: Final = {
    "#000000": "--fig-fg",
    "#808080": "--fig-muted",
    "#ffffff": "--fig-bg",
    **{color: f"--fig-c{k}" for k, color in enumerate(CYCLE)},
}
FONT: Final = "Source Sans Pro"
EM: Final = 10.0  # units; the root font size that text sizes are relative to
MAX_WIDTH: Final = 7.0  # inches


def rc_params() -> Any:
    """What to hand to `matplotlib.rc_context`."""
    from cycler import cycler

    return {
        "axes.axisbelow": True,
        "axes.edgecolor": "gray",
        "axes.formatter.limits": (-4, 5),
        "axes.formatter.use_mathtext": False,
        "axes.labelpad": 4,
        "axes.labelsize": 13.5,
        "axes.linewidth": 0.7,
        "axes.prop_cycle": cycler(color=CYCLE) + cycler(linestyle=DASHES),
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlepad": 7,
        "axes.titlesize": 13.5,
        "errorbar.capsize": 3,
        "figure.autolayout": False,
        "figure.constrained_layout.use": True,
        "figure.constrained_layout.h_pad": 0.03,
        "figure.constrained_layout.w_pad": 0.03,
        "figure.facecolor": "none",
        "figure.figsize": (6.4, 3.2),
        "figure.max_open_warning": 0,
        "figure.titlesize": 13.5,
        "axes.facecolor": "none",
        # DejaVu Sans comes with matplotlib and measures what the first font lacks.
        "font.family": [FONT, "DejaVu Sans"],
        "font.size": 13,
        "grid.alpha": 0.25,
        "grid.color": "gray",
        "grid.linewidth": 0.6,
        "hatch.linewidth": 0.7,
        "image.composite_image": False,
        "image.interpolation": "none",
        "legend.borderaxespad": 0.2,
        "legend.borderpad": 0.2,
        "legend.edgecolor": "none",
        "legend.facecolor": "white",
        "legend.fontsize": 13,
        "legend.framealpha": 0.8,
        "legend.fancybox": False,
        "legend.handlelength": 2.4,
        "legend.handletextpad": 0.6,
        "legend.labelspacing": 0.3,
        "lines.linewidth": 1.5,
        "lines.markersize": 5,
        "patch.linewidth": 0.7,
        "path.simplify": True,
        "path.simplify_threshold": 0.1,
        "savefig.bbox": None,
        "savefig.dpi": 150,
        "savefig.facecolor": "none",
        "scatter.edgecolors": "face",
        "svg.fonttype": "none",
        "text.color": "black",
        "text.parse_math": False,
        "xtick.color": "gray",
        "xtick.labelcolor": "black",
        "xtick.labelsize": 13,
        "xtick.major.size": 3,
        "xtick.major.width": 0.7,
        "xtick.minor.size": 1.5,
        "xtick.minor.width": 0.5,
        "ytick.color": "gray",
        "ytick.labelcolor": "black",
        "ytick.labelsize": 13,
        "ytick.major.size": 3,
        "ytick.major.width": 0.7,
        "ytick.minor.size": 1.5,
        "ytick.minor.width": 0.5,
    }
