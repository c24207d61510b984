"""The notebooks of examples/ run from top to bottom, with data that is embedded; their files hold no outputs."""

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "examples").glob("*.ipynb"))


@pytest.mark.notebooks
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Jupyter's own packages about each other
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    nb_run = pytest.importorskip("nbmake.nb_run", reason="no nbmake here to run notebooks with")
    monkeypatch.setenv("MINICNN_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("MINICNN_DATA_HOME", str(tmp_path / "none"))
    result = nb_run.NotebookRun(path, 300).execute()
    assert result.error is None, result.error.summary
    outputs = [output for cell in result.nb.cells for output in cell.get("outputs", ())]
    assert any("text/html" in output.get("data", {}) for output in outputs)
    assert not [output["text"] for output in outputs if output.get("name") == "stderr"]


def test_there_are_four_without_outputs():
    assert len(NOTEBOOKS) == 4
    for path in NOTEBOOKS:
        code = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
        assert code
        assert not any(cell["outputs"] or cell["execution_count"] for cell in code), path.name
