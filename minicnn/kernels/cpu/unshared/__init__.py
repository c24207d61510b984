"""Convolution whose filters serve few positions, so that the weights outweigh the images."""
