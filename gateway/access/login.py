"""The login page: a key for a session. It is plain HTML, for who has not logged in gets nothing else."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from .access import Access, WrongKey

PATH = "/login"
COOKIE = "__Host-skerry"
"""A browser takes a cookie of this name only over TLS, and gives it to no other server (RFC 6265bis, section 4.1.3.2)."""
_PAGE = """<!doctype html>
<html lang="en-GB"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>skerry</title>
<style>
  :root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
  body { display: grid; min-height: 90vh; place-content: center; gap: 1rem; padding: 1rem }
  form { display: grid; gap: .75rem; width: min(24rem, 90vw) }
  input, button { font: inherit; padding: .6rem .8rem }
</style>
<h1>skerry</h1>
<form method="post" action="PATH">
  <label for="key">Your key</label>
  <input id="key" name="key" type="password" autocomplete="current-password" maxlength="128" required autofocus>
  <button>Log in</button>
  <p role="alert">NOTE</p>
</form></html>
""".replace("PATH", PATH)


def router(access: Access) -> APIRouter:
    """The page and what it sends. The gate lets everybody come here, by the server's own name and from its own page."""
    routes = APIRouter(include_in_schema=False)

    @routes.get(PATH)
    def page() -> HTMLResponse:
        return _page()

    @routes.post(PATH)
    def log_in(request: Request, key: Annotated[str, Form(max_length=128)]) -> Response:
        try:
            cookie = access.log_in(key, request.client.host if request.client else "")
        except WrongKey as wrong:
            note = f"Too many wrong keys. Try again in {wrong.again_s} seconds." if wrong.again_s else "This is nobody's key."
            return _page(note, 429 if wrong.again_s else 401)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, cookie, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    @routes.post("/logout")
    def log_out(request: Request) -> Response:
        access.log_out(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse(PATH, 303)
        answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    return routes


def _page(note: str = "", status: int = 200) -> HTMLResponse:
    return HTMLResponse(_PAGE.replace("NOTE", note), status, {"cache-control": "no-store"})
