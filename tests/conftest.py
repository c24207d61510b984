"""What holds for all tests: generated cases take their time, and are the same in every run."""

from hypothesis import settings

settings.register_profile("minicnn", deadline=None, derandomize=True)  # a busy machine is no fault of the code
settings.load_profile("minicnn")
