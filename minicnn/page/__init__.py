"""The page: a network, its loops and its data in one file that a browser opens, without a network and without anything to install."""
