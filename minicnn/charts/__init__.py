"""Figures as records, drawn to SVG text: curves, bars and grids of pictures, readable in light and dark, by colour-blind eyes and on paper.

    Chart("loss", (Line("train", epochs, losses), Line("test", epochs, others)), x_label="epoch")
    PictureGrid("filters of conv1", ((Picture("0", weight[0, 0], signed=True), ...), ...))

`svg` gives the text of one file, or of one element of a page; `write` writes a file.  `minicnn.cli.render.chart` draws the same records in a
terminal.  Standard library and NumPy only.
"""

from minicnn.charts.files import write
from minicnn.charts.gallery import gallery
from minicnn.charts.records import Bars, Chart, Figure, Line, Picture, PictureGrid
from minicnn.charts.sheet import svg

__all__ = ["Bars", "Chart", "Figure", "Line", "Picture", "PictureGrid", "gallery", "svg", "write"]
