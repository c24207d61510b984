"""The modules that come with the package."""

from minicnn.page.build.link import stamp_of
from minicnn.page.modules import MODULES, path, source_stamp


def test_modules_are_made_from_these_sources():
    """After a change of a kernel: python -m minicnn.page.build."""
    assert {name: stamp_of(path(name).read_bytes()) for name in MODULES} == dict.fromkeys(MODULES, source_stamp())
