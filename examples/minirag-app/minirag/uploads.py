"""What may be uploaded: one text file, not longer than a limit."""

from dataclasses import dataclass

from fastapi import HTTPException, UploadFile, status
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

MAX_BYTES = 1024 * 1024
"""The longest request. A form's file of this length stays in memory: the app needs no disk."""

_DRAINED_BYTES = 16 * MAX_BYTES
"""A longer request is not even read to be refused."""

_MAX_NAME = 255

# Whether those without a type of their own are texts, their bytes tell.
_TYPES_TO_TRY = ("", "application/octet-stream")


@dataclass(frozen=True)
class TextFile:
    """A file that was uploaded; `size` in bytes."""

    name: str
    size: int
    text: str


async def read_text_file(file: UploadFile) -> TextFile:
    """Read an upload, or answer 415 or 422."""
    kind = (file.content_type or "").partition(";")[0].strip().lower()
    if kind not in _TYPES_TO_TRY and not kind.startswith("text/"):
        raise HTTPException(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, f"{kind} is not a text: upload text/*"
        )
    content = await file.read()
    return TextFile(_checked_name(file.filename or ""), len(content), _decoded(content))


def _checked_name(name: str) -> str:
    if not name.isprintable() or not 0 < len(name) <= _MAX_NAME:
        raise _unusable(f"the file needs a printable name of at most {_MAX_NAME} characters")
    return name


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable(f"the file is not UTF-8: byte {error.start} cannot be read") from None
    if "\0" in text:
        raise _unusable("the file holds a NUL byte, which PostgreSQL takes in no text")
    if not text.strip():
        raise _unusable("the file holds no text")
    return text


def _unusable(reason: str) -> HTTPException:
    return HTTPException(status.HTTP_422_UNPROCESSABLE_CONTENT, reason)


class BodyLimit:
    """Refuses a request by its Content-Length, before anything of its body is kept.

    Middleware, because FastAPI has read a form before a route sees it. The server holds the client
    to the length that it announced; a body without one (chunked) is not taken.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        length = int(headers.get("content-length", "0"))
        if "transfer-encoding" in headers:
            refusal = _refusal(status.HTTP_411_LENGTH_REQUIRED, "send a Content-Length")
            await refusal(scope, receive, send)
        elif length > MAX_BYTES:
            if length <= _DRAINED_BYTES:
                await _drain(receive)
            reason = f"the request is longer than {MAX_BYTES} bytes"
            await _refusal(status.HTTP_413_CONTENT_TOO_LARGE, reason)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _drain(receive: Receive) -> None:
    """Read the body away: a client that still sends would see a reset instead of the answer."""
    while (await receive()).get("more_body"):
        pass


def _refusal(code: int, reason: str) -> JSONResponse:
    return JSONResponse({"detail": reason}, code)
