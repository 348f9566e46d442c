"""What an answer means that is not the one that was hoped for."""
import errno
import json
import time

import pytest

from test_providers import ROWS, each, fill, world  # noqa: F401

LOGINS = {
    "redirect": {"status": 302, "body": "", "headers": {
        "Location": "https://sso.example.com/login?to=hush"}},
    "page": {"status": 200, "headers": {"Content-Type": "text/html"},
             "body": "<html><title>Sign in to Example</title></html>"},
}


def spoil(w, action, **fault):
    w.emu.fault(provider=w.row.type, action=action, **{"times": -1, **fault})


@pytest.mark.parametrize("how", LOGINS)
@each(ROWS)
def test_a_login_in_between_refuses_at_once(world, row, how):  # noqa: F811
    """Nothing was made, so that the create fails and is not looked for."""
    w = world(row, config={"create_deadline": "60s"})
    assert w.names() == set()
    spoil(w, row.create, **LOGINS[how])
    began = time.monotonic()
    assert w.write(json.dumps(row.spec), "new") == errno.EKEYREJECTED
    assert time.monotonic() - began < 30
    error = w.mount.read(w.path(".last_error"))
    assert "wants a login" in error and "may exist" not in error
    assert "hush" not in error
    assert ("sso.example.com/login" if how == "redirect"
            else "Sign in to Example") in error
    assert w.count(row.create) <= 2  # the second with other credentials


@each(ROWS)
def test_a_read_is_redirected_within_its_origin(world, row):  # noqa: F811
    w = world(row, *fill(row, 3))
    spoil(w, row.list, times=1, status=307, body="",
          headers={"Location": "?"})
    assert len(w.names()) == 3
    assert w.count(row.list) >= 2  # some ask on until a page is empty
