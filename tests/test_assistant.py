"""The tools for assistants, called as a client calls them."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import anyio
import imageio.v3 as iio
import pytest

mcp = pytest.importorskip("mcp")


@pytest.fixture
def call(tmp_path):
    """Call tools of a server that may write into `tmp_path / "figures"`: whether each failed, and what it said."""
    words = ["-m", "cnnviz", "mcp", str(tmp_path / "figures")]
    started = mcp.StdioServerParameters(command=sys.executable, args=words, cwd=str(tmp_path), env=dict(os.environ))

    async def through(calls):
        async with mcp.stdio_client(started) as streams, mcp.ClientSession(*streams) as session:
            await session.initialize()
            answers = [await session.call_tool(name, arguments) for name, arguments in calls]
            return [(answer.is_error, answer.content[0].text) for answer in answers]

    # In a thread of its own, since a browser's test may have left a loop of events in this one.
    with ThreadPoolExecutor(1) as thread:
        yield lambda *calls: thread.submit(anyio.run, through, calls).result()


def test_an_assistant_draws_a_checked_figure_and_is_told_what_is_wrong_in_one_line(call, tmp_path):
    (tmp_path / "secret.csv").write_text("1 2\n3 4\n")
    given = {"figure": "conv", "parameters": {"k": 2, "input": [[1, 2, 3], [4, 5, 6], [7, 8, 9]], "tween": 0}}
    wrong = ({"k": 9}, {"input": "secret.csv"}, {"theme": str(tmp_path / "secret.csv")})
    *refused, listed, schema, described, checked, rendered = call(
        *(("describe", {"figure": "conv", "parameters": parameters}) for parameters in wrong),
        ("describe", {"figure": "cnov"}),
        ("render", {"figure": "conv", "format": "exe"}),
        ("list_figures", {}),
        ("parameters", {"figure": "conv"}),
        ("describe", given),
        ("check", given),
        ("render", given),
    )
    assert all(failed and "\n" not in text and "Traceback" not in text for failed, text in refused)
    assert "--k 5" in refused[0][1]
    assert not any(failed for failed, _ in (listed, schema, described, checked, rendered))
    assert "conv" in json.loads(listed[1])
    assert "k" in json.loads(schema[1])["properties"]
    assert "3×3" in json.loads(described[1])["alt"]
    assert json.loads(checked[1])["agrees"]
    made = json.loads(rendered[1])
    assert [str(file) for file in (tmp_path / "figures").iterdir()] == [made["file"]]
    assert iio.improps(made["file"]).shape[0] >= made["steps"]
