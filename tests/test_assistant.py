"""The tools for assistants, called as a client calls them."""

import json
import os
import sys

import anyio
import imageio.v3 as iio
import pytest

mcp = pytest.importorskip("mcp")


@pytest.fixture
def call(tmp_path):
    """Call tools of a server that may write into `tmp_path / "figures"`: whether each failed, and what it said."""

    async def through(calls):
        program = [sys.executable, "-m", "cnnviz", "mcp", str(tmp_path / "figures")]
        started = mcp.StdioServerParameters(
            command=program[0], args=program[1:], cwd=str(tmp_path), env=dict(os.environ)
        )
        async with mcp.stdio_client(started) as streams, mcp.ClientSession(*streams) as session:
            await session.initialize()
            answers = [await session.call_tool(name, arguments) for name, arguments in calls]
            return [(answer.is_error, answer.content[0].text) for answer in answers]

    return lambda *calls: anyio.run(through, calls)


def test_an_assistant_draws_a_checked_figure(call, tmp_path):
    given = {"figure": "conv", "parameters": {"k": 2, "input": [[1, 2, 3], [4, 5, 6], [7, 8, 9]], "tween": 0}}
    listed, schema, described, checked, rendered = call(
        ("list_figures", {}),
        ("parameters", {"figure": "conv"}),
        ("describe", given),
        ("check", given),
        ("render", given),
    )
    assert not any(failed for failed, _ in (listed, schema, described, checked, rendered))
    assert "conv" in json.loads(listed[1])
    assert "k" in json.loads(schema[1])["properties"]
    assert "3×3" in json.loads(described[1])["alt"]
    assert json.loads(checked[1])["agrees"]
    file = json.loads(rendered[1])["file"]
    assert file.startswith(str(tmp_path / "figures"))
    assert iio.improps(file).shape[0] >= json.loads(rendered[1])["steps"]


def test_what_is_wrong_is_one_line_and_files_stay_unread(call, tmp_path):
    (tmp_path / "secret.csv").write_text("1 2\n3 4\n")
    answers = call(
        ("describe", {"figure": "conv", "parameters": {"k": 9}}),
        ("describe", {"figure": "cnov"}),
        ("describe", {"figure": "conv", "parameters": {"input": "secret.csv"}}),
        ("describe", {"figure": "conv", "parameters": {"theme": str(tmp_path / "secret.csv")}}),
        ("render", {"figure": "conv", "format": "exe"}),
    )
    assert all(failed and "\n" not in text and "Traceback" not in text for failed, text in answers)
    assert "--k 5" in answers[0][1]
    assert not (tmp_path / "figures").exists()
