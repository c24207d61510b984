"""Looking into a network: its filters, what it makes of a picture, which pixels an answer hangs on, what a unit waits for.

Every view is one function in a file of its own and returns a frozen record of arrays and names; nothing here draws.

    from minicnn import views

    net = minicnn.load("runs/lenet-digits-1/best.safetensors")
    x = views.as_input(net, test.images[:1])                 # prepared as in training
    views.filters(net).weight                                # (K, C, R, S) of the first convolution
    views.maps(net, x[0])                                    # one record a layer, by depth
    views.saliency(net, x[0]).map                            # (H, W)
"""

from minicnn.views.choice import activation_layers, detail_layer, filter_layers, main_layers, map_layers, spread
from minicnn.views.deconvolution import Deconvolution, deconvolution
from minicnn.views.filters import Filters, filters
from minicnn.views.histogram import Histogram, activation_histograms, weight_histograms
from minicnn.views.maps import Maps, maps
from minicnn.views.occlusion import Occlusion, occlusion
from minicnn.views.patches import Patch, Patches, patches, patches_of_units
from minicnn.views.pictures import as_input
from minicnn.views.saliency import Saliency, saliency

__all__ = [
    "Deconvolution",
    "Filters",
    "Histogram",
    "Maps",
    "Occlusion",
    "Patch",
    "Patches",
    "Saliency",
    "activation_histograms",
    "activation_layers",
    "as_input",
    "deconvolution",
    "detail_layer",
    "filter_layers",
    "filters",
    "main_layers",
    "map_layers",
    "maps",
    "occlusion",
    "patches",
    "patches_of_units",
    "saliency",
    "spread",
    "weight_histograms",
]
