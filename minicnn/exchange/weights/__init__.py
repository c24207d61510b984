"""Weights of others: files of PyTorch and Keras, read without either, and the names that their arrays have there."""

from minicnn.exchange.weights.file import KERAS as KERAS
from minicnn.exchange.weights.file import SAFETENSORS as SAFETENSORS
from minicnn.exchange.weights.file import TORCH as TORCH
from minicnn.exchange.weights.file import kind_of as kind_of
from minicnn.exchange.weights.file import read_weights as read_weights
from minicnn.exchange.weights.fit import Loaded as Loaded
from minicnn.exchange.weights.fit import load_weights as load_weights
from minicnn.exchange.weights.fit import translated as translated
from minicnn.exchange.weights.names import NAMINGS as NAMINGS
from minicnn.exchange.weights.names import OWN as OWN
from minicnn.exchange.weights.names import Naming as Naming
from minicnn.exchange.weights.names import names_of as names_of
from minicnn.exchange.weights.names import naming_for as naming_for
from minicnn.exchange.weights.names import under_our_names as under_our_names
from minicnn.exchange.weights.names import under_their_names as under_their_names
from minicnn.exchange.weights.torch_writing import write_torch as write_torch
