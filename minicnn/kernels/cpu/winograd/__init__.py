"""3x3 convolution with fewer multiplications."""
