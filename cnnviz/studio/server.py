"""The studio's server: one page, and what it asks for. Served on this machine alone, under a secret path."""

from __future__ import annotations

import gc
import json
import secrets
import socket
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from cnnviz.api import python_line
from cnnviz.discovery import find_scenes, summary
from cnnviz.errors import CnnvizError, UsageError
from cnnviz.export import formats
from cnnviz.files import reason
from cnnviz.limits import MAX_FILE_BYTES, MAX_LIVE_STEPS
from cnnviz.parameters import changed, jsonable
from cnnviz.pipeline import Figure, make
from cnnviz.programs import frameworks
from cnnviz.scene import scene_name
from cnnviz.studio.values import Uploads, check_live, figure_of
from cnnviz.studio.words import form_schema, words
from cnnviz.words.language import languages

HOST = "127.0.0.1"
KEPT = 64
"""Pictures that are kept, for who goes back or reloads."""

_MADE = 10
"""Figures that are kept; each has thousands of objects."""

_PARTS = Path(__file__).parent
_TYPES = {"html": "text/html", "json": "application/json", "svg": "image/svg+xml"}
# The page loads its own parts and nothing else; the player in its frame has a policy of its own.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "frame-src 'self'; form-action 'none'; base-uri 'self'; frame-ancestors 'none'"
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


def make_app(token: str) -> Starlette:
    """The application; all of it lies under `/TOKEN/`."""
    studio = Studio()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> Any:
        yield
        studio.uploads.close()

    endpoints = {
        "about": studio.about,
        "schema/{scene}": studio.schema,
        "still/{scene}/{frame}": studio.still,
        "player/{scene}": studio.player,
        "texts/{scene}": studio.texts,
        "code/{scene}/{framework}": studio.code,
        "file/{scene}/{format}": studio.file,
    }
    routes = [Route(f"/-/{path}", _answering(answer)) for path, answer in endpoints.items()]
    routes += [
        Route("/-/upload", studio.upload, methods=["POST"]),
        Route("/-/{part:str}", _part),
        Route("/", studio.page),
        Route("/{scene:str}", studio.page),
    ]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    return Starlette(routes=[Mount(f"/{token}", routes=routes)], middleware=[hosts], lifespan=lifespan)


class Studio:
    """What the page asks for; figures are made in threads, and kept by what was asked."""

    def __init__(self) -> None:
        self.uploads = Uploads()
        self._figure = lru_cache(maxsize=_MADE)(self._make_figure)
        self._still = lru_cache(maxsize=KEPT)(self._make_still)
        self._player = lru_cache(maxsize=KEPT)(self._make_player)

    def about(self, _: Request) -> Response:
        """All scenes, and what the page's own words are in a language."""
        known = {"en": "English", **languages()}
        return JSONResponse(
            {
                "scenes": {name: summary(file) for name, file in find_scenes().items()},
                "formats": formats(),
                "frameworks": frameworks(),
                "languages": known,
                "words": {code: words(code) for code in known},
            }
        )

    def schema(self, request: Request) -> Response:
        """The parameters of a scene."""
        # The page asks in one of the languages that it offers; a file of the machine is none.
        lang = request.query_params.get("lang", "")
        return JSONResponse(form_schema(request.path_params["scene"], lang if lang in languages() else "en"))

    def still(self, request: Request) -> Response:
        """One step as SVG: the first is there long before all steps are."""
        return _answer(self._still(*_key(request), request.path_params["frame"]), "svg")

    def player(self, request: Request) -> Response:
        """The page that plays the figure."""
        return _answer(self._player(*_key(request)), "html", "sandbox allow-scripts; frame-ancestors 'self'")

    def texts(self, request: Request) -> Response:
        """The figure as a command, in Python, in a figure set, and in words."""
        figure = self._figure(*_key(request))
        return JSONResponse({**lines_of(figure), "alt": figure.alt("x.html"), "file": figure.file_name("")})

    def code(self, request: Request) -> Response:
        """The operation as a program."""
        return Response(self._figure(*_key(request)).code(request.path_params["framework"]), media_type="text/plain")

    def file(self, request: Request) -> Response:
        """The figure as a file to keep."""
        figure = self._figure(*_key(request))
        name = figure.file_name(request.path_params["format"])
        ((_, content),) = figure.contents([name])
        kept = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
        return Response(content, media_type="application/octet-stream", headers={**_HEADERS, **kept})

    async def upload(self, request: Request) -> Response:
        """Keep a file that was dropped."""
        own = f"{request.url.scheme}://{request.url.netloc}"
        origin = request.headers.get("sec-fetch-site", "same-origin"), request.headers.get("origin", own)
        if origin != ("same-origin", own):
            return JSONResponse({"message": "files come from this page alone"}, 403)
        content = b""
        async for chunk in request.stream():
            content += chunk
            if len(content) > MAX_FILE_BYTES:
                return JSONResponse({"message": f"the file has more than {MAX_FILE_BYTES} bytes: use less"}, 413)
        try:
            return JSONResponse({"value": self.uploads.add(request.query_params.get("name", ""), content)})
        except UsageError as error:
            return JSONResponse({"message": str(error)}, 422)

    async def page(self, request: Request) -> Response:
        """The page itself, the same for every scene."""
        scene = request.path_params.get("scene")
        if scene is not None and scene not in find_scenes():
            return Response("not found", 404)
        # Its parts lie beside it, however the address ends.
        base = request.url.path.rsplit("/", 1)[0] + "/"
        text = (_PARTS / "page.html").read_text(encoding="utf-8").replace("{{base}}", escape(base))
        return HTMLResponse(text, headers={**_HEADERS, "Content-Security-Policy": _POLICY})

    def _make_figure(self, scene: str, query: tuple[tuple[str, str], ...]) -> Figure:
        check_live(scene, dict(query))
        return figure_of(scene, dict(query), self.uploads)

    def _make_still(self, scene: str, query: tuple[tuple[str, str], ...], frame: str) -> bytes:
        figure = self._figure(scene, query)
        figure = replace(figure, appearance=replace(figure.appearance, frame=frame, sheet=None))
        ((_, content),) = figure.contents(["still.svg"])
        return content

    def _make_player(self, scene: str, query: tuple[tuple[str, str], ...]) -> bytes:
        figure = self._figure(scene, query)
        if (count := figure.storyboard().count) > MAX_LIVE_STEPS:
            smaller = f"{count} steps do not play here, {MAX_LIVE_STEPS} do: make the figure smaller, download it"
            raise UsageError(f"{smaller}, or in a terminal {figure.command()} --format html")
        return figure.to_html().encode("utf-8")


def lines_of(figure: Figure) -> dict[str, str]:
    """What makes the figure again: a command, a line of Python, an entry of a figure set."""
    name = scene_name(type(figure.scene))
    given = {**changed(figure.scene), **changed(figure.appearance)}
    values = {key: _plain(value) for key, value in given.items()}
    # What JSON writes of texts, numbers and lists, TOML reads.
    entry = [f"{key.rstrip('_')} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return {
        "command": figure.command(),
        "python": python_line(name, values, figure.file_name()),
        "toml": "\n".join(["[[figure]]", f'scene = "{name}"', *entry, ""]),
    }


def _plain(value: Any) -> Any:
    """A value as one writes it: a square's side alone."""
    return value[0] if isinstance(value, tuple) and value[0] == value[1] else jsonable(value)


def _key(request: Request) -> tuple[str, tuple[tuple[str, str], ...]]:
    return request.path_params["scene"], tuple(sorted(request.query_params.items()))


def _answering(answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
    """An endpoint that works in a thread and gives errors as JSON."""

    async def endpoint(request: Request) -> Response:
        try:
            return await run_in_threadpool(answer, request)
        except CnnvizError as error:
            return JSONResponse(_as_json(error), 422 if isinstance(error, UsageError) else 500)

    return endpoint


def _as_json(error: CnnvizError) -> Mapping[str, Any]:
    found: dict[str, Any] = {"message": str(error)}
    if isinstance(error, UsageError):
        found |= {"parameter": error.parameter, "remedy": {k: jsonable(v) for k, v in error.remedy.items()}}
    return found


async def _part(request: Request) -> Response:
    """The page's style and script."""
    part = request.path_params["part"]
    if part not in ("page.css", "page.js", "form.css", "form.js"):
        return Response("not found", 404)
    kind = "text/css" if part.endswith(".css") else "text/javascript"
    return Response((_PARTS / part).read_bytes(), media_type=kind, headers=_HEADERS)


def _answer(content: bytes, kind: str, policy: str = "default-src 'none'; style-src 'unsafe-inline'") -> Response:
    return Response(content, media_type=_TYPES[kind], headers={**_HEADERS, "Content-Security-Policy": policy})


def serve(scene: str | None, port: int, announce: Callable[[str], None]) -> None:
    """Serve until interrupted; `announce` is given the address once it can be opened.

    The port is a free one for 0; raises CnnvizError where it is taken.
    """
    import uvicorn

    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise CnnvizError(f"--port {port} cannot be used ({reason(error)}): use another, or leave it out") from None
    # A body would wait 40 ms for what came before it to be acknowledged.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    token = secrets.token_urlsafe(16)
    announce(f"http://{HOST}:{listening.getsockname()[1]}/{token}/{scene or ''}")
    config = uvicorn.Config(make_app(token), log_level="warning", access_log=False, limit_concurrency=100)
    # All that draws is loaded before the first picture is wanted, and never looked through for garbage again: that
    # would hold a picture up by 50 ms now and then.
    make("conv").to_html()
    gc.freeze()
    uvicorn.Server(config).run(sockets=[listening])
