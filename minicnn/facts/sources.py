"""Lectures and papers that claims are taken from."""

from __future__ import annotations

from minicnn.facts.fact import Source

JEONG = Source("Jeong, lecture", "Jeong, Convolutional Neural Networks, lecture of ITM528 Deep Learning")
KARAPETYAN = Source(
    "Karapetyan, seminar", "Karapetyan, Convolutional Networks, chapter 9, seminar MA-INF 4209 at the University of Bonn, 2021"
)
LIPTON = Source("Lipton, Chai, lecture", "Lipton, Chai, Convolutional Neural Networks II, lecture of 10-701 at Carnegie Mellon University")
SLIDES = Source("CNN slides", "Convolutional Neural Network (CNN), lecture slides with the table of AlexNet")
SCARANO = Source("Scarano, notes", "Scarano, CNNs and ResNets, chapter 6 of lecture notes")
CS231N = Source(
    "CS231n notes", "Karpathy et al., CS231n Convolutional Neural Networks for Visual Recognition, course notes and slides, Stanford"
)
PRINCE = Source("Prince, drafts", "Prince, Understanding Deep Learning, drafts of the book")
PRINCE_BOOK = Source("Prince 2023", "Prince, Understanding Deep Learning, 2023, on MNIST-1D")
GOODFELLOW = Source("Goodfellow 2016", "Goodfellow, Bengio, Courville, Deep Learning, 2016, figure 9.6")
LECUN = Source("LeCun 1998", "LeCun, Bottou, Bengio, Haffner, Gradient-Based Learning Applied to Document Recognition, 1998, section II.B")
KRIZHEVSKY = Source(
    "Krizhevsky 2012", "Krizhevsky, Sutskever, Hinton, ImageNet Classification with Deep Convolutional Neural Networks, 2012"
)
SIMONYAN = Source(
    "Simonyan 2015",
    "Simonyan, Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2015, section 2.3 and table 2",
)
SZEGEDY = Source("Szegedy 2015", "Szegedy et al., Going Deeper with Convolutions, 2015, table 1")
HE = Source("He 2016", "He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, 2016, section 4.1, tables 1 and 6")
KERAS = Source("Keras", "Keras Applications, summary of ResNet50")
RONNEBERGER = Source("Ronneberger 2015", "Ronneberger, Fischer, Brox, U-Net, 2015, figure 1 and section 2")
HUANG = Source("Huang 2017", "Huang, Liu, van der Maaten, Weinberger, Densely Connected Convolutional Networks, 2017, table 2")
QUOTED = Source("often quoted", "quoted in many places without a source")
HE_DERIVED = Source("He 2016, derived", "He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, 2016; follows from its table 1")
