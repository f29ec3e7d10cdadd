"""The studio over HTTP, as anybody may ask, and in a browser, as its users do."""

import io
import json
import os
import shlex
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cnnviz.parameters import parameters_of
from cnnviz.pipeline import make, named


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    command = [sys.executable, "-m", "cnnviz", "studio", "--no-browser"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path_factory.mktemp("studio"))
    yield running.stdout.readline().split()[0]
    running.terminate()
    running.wait(timeout=20)


def ask(url, content=None, **headers):
    """The status of an answer, and its body."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=content, headers=headers)) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def query(**values):
    return "?" + urllib.parse.urlencode(values)


def command_output(command, *more):
    return subprocess.run([sys.executable, "-m", *shlex.split(command), *more, "-o", "-"], capture_output=True).stdout


def test_a_figure_is_the_one_that_a_command_makes(address):
    given = {"k": "2", "s": "2", "input": "1 2 3 4; 5 6 7 8; 1 1 1 1; 2 2 2 2", "kernel": "1 0; 0 1"}
    status, content = ask(address + "-/file/conv/json" + query(**given))
    assert status == 200
    texts = json.loads(ask(address + "-/texts/conv" + query(**given))[1])
    assert command_output(texts["command"], "--format", "json") == content
    exec(f"import cnnviz\nfigure = {texts['python'].rpartition('.save(')[0]}", python := {})
    assert python["figure"].command() == make("conv", **given).command()


@pytest.mark.parametrize("scene", ["conv", "loss", "net"])
def test_a_scene_has_a_schema_and_a_first_picture(address, scene):
    english, chinese = (
        json.loads(ask(f"{address}-/schema/{scene}?lang={lang}")[1])["properties"] for lang in ("/etc/x.toml", "zh")
    )
    assert {p.name.rstrip("_") for p in parameters_of(named(scene, {})[0])} <= english.keys()
    assert all(each["description"] != chinese[name]["description"] for name, each in english.items())
    assert ask(f"{address}-/still/{scene}/first")[1].lstrip().startswith(b"<svg")


ERRORS = {
    "k=9": ("k", {"k": 5, "p": 2}),
    "k=0": ("k", {"k": 1}),
    "theme=drak": ("theme", {}),
    "notation=HWKS": ("notation", {"notation": "HWKSP"}),
    "input=1+2;+x+4": ("input", {}),
}


@pytest.mark.parametrize("values", ERRORS)
def test_an_error_names_its_field_and_what_would_work(address, values):
    status, told = ask(f"{address}-/still/conv/first?{values}")
    told = json.loads(told)
    assert (status, told["parameter"], told["remedy"]) == (422, *ERRORS[values])
    given = dict(urllib.parse.parse_qsl(values))
    for name, value in told["remedy"].items():
        assert ask(address + "-/still/conv/first" + query(**given | {name: value}))[0] == 200


def test_files_of_the_machine_stay_there(address, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("1 2 3\n4 5 6\n7 8 9\n")
    root = address.rpartition("/")[0].rpartition("/")[0] + "/"
    relative = os.path.relpath(secret)
    for path in (str(secret), f"./{relative}", f"file://{secret}", "~/x.csv", f"upload:{secret}", "upload:../x"):
        status, body = ask(address + "-/still/conv/first" + query(input=path))
        assert (status, b"svg" in body) == (422, False), path
    for name in ("theme", "lang"):
        assert ask(address + "-/still/conv/first" + query(**{name: str(secret)}))[0] == 422
    for path in ("", "-/about", "..%2f", "conv", "wrong/-/about"):
        assert ask(root + path)[0] == 404
    for part in ("server.py", "..%2fserver.py", "%2e%2e/cli.py", "page.html"):
        assert ask(f"{address}-/{part}")[0] in (404, 405)
    assert ask(address, Host="evil.example")[0] == 400
    for other in ({"Sec_Fetch_Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert ask(address + "-/upload?name=x.csv", b"1 2", **other)[0] == 403


def test_hostile_values_get_one_line(address):
    for values in (
        "i=100000",
        "i=512&k=1",
        "width=99999",
        "unknown=1",
        "k=" + "1" * 5000,
        "title=%00",
        "input=" + "[" * 500,
        "seed=nan",
        "sheet=99x99",
    ):
        status, body = ask(f"{address}-/player/conv?{values}")
        assert status == 422, values
        assert "\n" not in json.loads(body)["message"]


def test_a_dropped_file_becomes_the_input(address):
    numbers = np.arange(16).reshape(4, 4)
    np.save(held := io.BytesIO(), numbers)
    status, told = ask(address + "-/upload?name=my%20map.npy", held.getvalue())
    assert status == 200
    board = json.loads(ask(address + "-/file/conv/json" + query(input=json.loads(told)["value"]))[1])
    assert next(panel for panel in board["panels"] if panel["name"] == "input")["values"] == numbers.tolist()
    for name, content in {"x.exe": b"1 2", "x.csv": b"", "/etc/passwd": b"1"}.items():
        assert ask(address + f"-/upload?name={name}", content)[0] == 422


def test_ten_at_once(address):
    with ThreadPoolExecutor(10) as people:
        urls = [address + "-/player/conv" + query(k=2, i=3, seed=seed, input="random") for seed in range(10)]
        answers = list(people.map(ask, urls))
    assert [status for status, _ in answers] == [200] * 10
    assert len({body for _, body in answers}) == 10


def test_a_port_that_is_taken(address, refused):
    port = urllib.parse.urlsplit(address).port
    code, said = refused("studio", "--no-browser", "--port", port)
    assert (code, str(port) in said) == (1, True)


# In a browser


@pytest.fixture
def page(chromium, address):
    """A page on which every error of a script fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page, troubles = context.new_page(), []
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: troubles.append("a dialog: " + dialog.message))
    yield page
    context.close()
    assert not troubles


def seen(page):
    """The title and settings that the player shows, once it is there."""
    page.wait_for_selector('#view[aria-busy="false"]')
    return page.frame_locator("#stage iframe").locator("#figure").get_attribute("aria-label")


def test_a_change_in_the_form_changes_the_figure_and_the_address(page, address):
    page.goto(address + "conv?k=2")
    assert "2×2 kernel" in seen(page)
    page.fill("[data-parameter=k]", "4")
    page.keyboard.press("Tab")
    page.locator("#lines", has_text="--k 4").wait_for()
    assert "4×4 kernel" in seen(page)
    assert page.url.endswith("conv?k=4")
    page.go_back()
    page.locator("#lines", has_text="--k 2").wait_for()
    assert page.input_value("[data-parameter=k]") == "2"
    # A mistake is told at its field and mended by a button, however long it is pressed.
    page.fill("[data-parameter=k]", "9")
    page.wait_for_selector("[data-parameter=k][aria-invalid=true]")
    page.click("#fields .error:not([hidden]) button", delay=300)
    page.wait_for_selector("[data-parameter=k]:not([aria-invalid])")
    assert page.input_value("[data-parameter=k]") == "5"


def test_by_keyboard_alone_and_copied(page, address):
    page.goto(address + "conv")
    seen(page)
    page.focus("[data-parameter=s]")
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    page.locator("#lines", has_text="--s 2").wait_for()
    seen(page)
    page.locator("#lines .line button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    made = command_output(page.evaluate("navigator.clipboard.readText()"), "--format", "svg")
    with page.expect_download() as waiting:
        page.select_option("#format", "svg")
        page.focus("#download")
        page.keyboard.press("Enter")
    assert Path(waiting.value.path()).read_bytes() == made


def test_cells_pasted_from_a_spreadsheet_that_has_gaps_and_decimal_commas(page, address):
    page.goto(address + "conv?k=2&input=1%202%203;%204%205%206;%207%208%209")
    seen(page)
    page.locator(".field", has=page.locator("[data-parameter=input]")).get_by_role("button").first.click()
    page.wait_for_selector("dialog[open]")
    page.evaluate("navigator.clipboard.writeText('10,5\\t\\r\\n\\t40\\r\\n')")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+V")
    page.click("dialog button[value=use]")
    assert page.input_value("[data-parameter=input]") == "1 10.5 0; 4 0 40; 7 8 9"


def test_nothing_typed_becomes_markup_and_nothing_is_cut_off(page, address):
    page.goto(address + "pool?lang=zh")
    for width in (360, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        seen(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(address + "conv?lang=en")
    seen(page)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    evil = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>"
    for entry in page.locator("#fields input[type=text]").all()[::4]:
        entry.fill(evil)
        page.wait_for_timeout(80)
    page.wait_for_timeout(300)
    page.goto(address + "conv" + query(title=evil, subtitle=evil, lang="en"))
    seen(page)
    assert evil[:5] in page.input_value("[data-parameter=title]")
    assert page.locator("img[src=x]").count() == 0
    assert page.frame_locator("#stage iframe").locator("img[src=x]").count() == 0


VARIED = ("share", "conv", "--tween", 0, "--vary", "k=2,9", "--vary", "s=1,2", "-o", "page")


def test_a_shared_page_needs_no_server(cnnviz, refused, monkeypatch):
    assert cnnviz(*VARIED).code == 0
    page = Path("page/index.html").read_text(encoding="utf-8")
    shared = json.loads(page.split('id="shared">')[1].split("</script>")[0])
    made = {"".join(each["values"].values()): each for each in shared["figures"]}
    assert set(made) == {"21", "22", "91", "92"}
    assert made["91"]["remedy"] == {"k": 5}
    assert Path("page", made["22"]["file"]).stat().st_size < 61_440
    Path("own").mkdir()
    Path("own/index.html").write_text("mine")
    many = ",".join(map(str, range(1, 16)))
    for wrong in (
        "--vary k=2",
        "--vary kk=2,3",
        "--vary width=400,500",
        "",
        "--vary k=8,9",
        "--vary k=3,3",
        "--k 3 --vary k=2,3",
        f"--i 20 --vary k={many} --vary s={many}",
        "--vary k=2,3 -o own",
        "--vary k=2,3 --vary k=3,4",
    ):
        assert refused("share", "conv", "-o", "other", *wrong.split())[0] == 2
    assert Path("own/index.html").read_text() == "mine"
    monkeypatch.setattr("cnnviz.share.MOST_BYTES", 60_000)
    assert refused("share", "conv", "--vary", "k=2,3,4,5", "-o", "other")[0] == 1


def test_a_shared_page_follows_its_form(page, cnnviz):
    assert cnnviz(*VARIED).code == 0
    page.goto(Path("page/index.html").resolve().as_uri())
    page.select_option("[data-parameter=s]", "2")
    page.locator("#command", has_text="--s 2").wait_for()
    assert page.url.endswith("#s=2")
    page.select_option("[data-parameter=k]", "9")
    page.wait_for_selector("[data-parameter=k][aria-invalid=true]")
    page.reload()
    page.locator(".error", has_text="kernel 9").wait_for()


def test_what_would_take_a_minute_is_refused_before_it_begins(address):
    for asked, parameter, remedy in (
        ("player/conv-backward?i=64", None, {}),
        ("still/training/first?epochs=200", "epochs", {"epochs": 100}),
    ):
        status, told = ask(f"{address}-/{asked}")
        told = json.loads(told)
        assert (status, told["parameter"], told["remedy"]) == (422, parameter, remedy)
        assert "cnnviz " in told["message"]
    # Its first picture is drawn soon.
    assert ask(address + "-/still/conv-backward/first?i=64")[0] == 200
