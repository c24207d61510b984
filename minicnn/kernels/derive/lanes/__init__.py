"""Loops as steps of a plan: a layer's with its images innermost, an optimizer's over slices of the parameters."""
