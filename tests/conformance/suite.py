"""What every vendor's SDK has to find, and a mount to find it on.

A vendor's file says how its SDK is asked (a subclass of Sdk) and has a class
that inherits Conformance: the SDK drives the emulator, and what it made stands
on a real mount; and what was made through the mount is what the SDK sees.
"""
import json
import os
import sys

import pytest

import harness
from harness import eventually

GONE = "gone"  # the state of what is not there any more
KEY_ID, KEY_SECRET = harness.KEY_ID, harness.KEY_SECRET
# Nothing of the machine's own accounts is looked for.
LONELY = {"AWS_EC2_METADATA_DISABLED": "true"}


def need(group):
    """Skips, with pip's own words, where the group could not be installed."""
    path = os.path.join(sys.prefix, group + ".failed")
    if os.path.exists(path):
        with open(path) as f:
            pytest.skip(f.read().strip(), allow_module_level=True)
    if not os.path.exists(os.path.join(sys.prefix, group + ".done")):
        pytest.skip(f"{group} is not in {sys.prefix}: tests/conformance/"
                    "environment.py makes it", allow_module_level=True)


class Sdk:
    """One vendor's SDK; subclasses fill this in."""
    type = None          # of the section, which is its name too
    keys = {}            # of the section, beside the endpoint
    environment = {}     # of the daemon
    workspace = None     # the directory
    emulator_args = ()
    alive = ()           # states of a session that serves
    ended = ()           # states of one that was ended, GONE among them
    verb = None          # that ends one, in ctl
    wrong_secret = None  # the code of that refusal; see refused
    page = 2

    def __init__(self, url, secret=KEY_SECRET):
        self.url = url
        self.secret = secret
        self.open()

    def open(self):
        """Makes the client, for self.url with self.secret."""
        raise NotImplementedError

    def section(self):
        return {"endpoint": self.url, **self.keys}

    def create(self, name):
        """Makes a session, and returns (id, the spec as `new` takes it)."""
        raise NotImplementedError

    def spec(self, name):
        """A spec for `new`, of that name."""
        raise NotImplementedError

    def page_of(self, token):
        """([ids], next token or None) of the listing, self.page at most."""
        raise NotImplementedError

    def get(self, session):
        """The session's record, whose members are called as a spec's, and its
        state (GONE), as the SDK has them."""
        raise NotImplementedError

    def end(self, session):
        raise NotImplementedError

    def refused(self, call):
        """Calls, and returns the provider's code of the refusal."""
        raise NotImplementedError

    def pages(self):
        pages, token = [], None
        while True:
            ids, token = self.page_of(token)
            pages.append(ids)
            if not token:
                return pages

    def ids(self):
        return [one for page in self.pages() for one in page]


def asked_of(told, sent):
    """told, without the members of its objects that nobody sent."""
    if isinstance(told, dict) and isinstance(sent, dict):
        return {k: asked_of(told[k], sent[k]) for k in told if k in sent}
    if isinstance(told, list) and isinstance(sent, list) and \
            len(told) == len(sent):
        return [asked_of(*pair) for pair in zip(told, sent)]
    return told


class Conformance:
    """Inherited by each vendor's class, which adds `sdk_class`."""
    sdk_class = Sdk

    @pytest.fixture
    def emu(self, rig):
        return rig.emulator(*self.sdk_class.emulator_args)

    @pytest.fixture
    def sdk(self, emu):
        return self.sdk_class(emu.url)

    @pytest.fixture
    def there(self, rig, sdk):
        """The workspace's directory on a mount, as a function of names."""
        folder = rig.new_folder("mount")
        text = harness.key_file({
            "sessionfs": {"state_dir": os.path.join(folder, "state"),
                          "refresh": "200ms"},
            sdk.type: sdk.section()})
        made = rig.mount(config=text, folder=folder,
                         env={**LONELY, **sdk.environment})

        def path(*names):
            return os.path.join(made.path, sdk.type, sdk.workspace, *names)
        path.mount = made
        return path

    @staticmethod
    def read(there, *names):
        return there.mount.read(there(*names))

    def state(self, there, session):
        """Its word on the mount; GONE when it is not listed (any more)."""
        if session not in self.sessions(there):
            return GONE
        return self.read(there, session, "state").strip()

    @staticmethod
    def sessions(there):
        listed = there.mount.run(["ls", "-U", there()]).ok().split()
        return sorted(name for name in listed if name != "new")

    def eventually_alive(self, sdk, there, session):
        eventually(lambda: self.state(there, session) in sdk.alive, timeout=30)

    def eventually_gone(self, there, session):
        eventually(lambda: self.state(there, session) == GONE, timeout=30)

    def write(self, there, name, text):
        return there.mount.run(
            ["sh", "-c", 'printf %s "$1" > "$2"', "sh", text, there(name)],
            timeout=60)

    @staticmethod
    def same_spec(told, sent):
        """What was sent came back; providers add their defaults."""
        assert asked_of(told, sent) == sent

    def test_what_the_sdk_creates_stands_on_the_mount(self, sdk, there):
        before = self.sessions(there)
        session, spec = sdk.create("made-by-sdk")
        assert session not in before
        eventually(lambda: session in self.sessions(there))
        self.eventually_alive(sdk, there, session)
        self.same_spec(json.loads(
            self.read(there, session, "config.json")), spec)

    def test_what_new_creates_the_sdk_sees(self, sdk, there):
        before = set(sdk.ids())
        spec = sdk.spec("made-by-mount")
        self.write(there, "new", json.dumps(spec)).ok()
        session, = set(sdk.ids()) - before
        assert self.read(there, ".last", "config.json")
        told, state = sdk.get(session)
        self.same_spec(told, spec)
        eventually(lambda: sdk.get(session)[1] in sdk.alive, timeout=30)

    def test_a_clone_is_what_it_was_cloned_from(self, sdk, there):
        session, spec = sdk.create("to-be-cloned")
        eventually(lambda: session in self.sessions(there))
        before = set(sdk.ids())
        there.mount.run(["cp", there(session, "config.json"), there("new")],
                        timeout=60).ok()
        clone, = set(sdk.ids()) - before
        self.same_spec(sdk.get(clone)[0], spec)

    def test_its_pages_are_what_the_mount_lists(self, sdk, there):
        for n in range(2 * sdk.page + 1):
            sdk.create(f"page-{n}")
        pages = sdk.pages()
        assert len(pages) >= 3 and max(map(len, pages)) <= sdk.page
        ids = [one for page in pages for one in page]
        assert len(set(ids)) == len(ids) >= 2 * sdk.page + 1
        eventually(lambda: self.sessions(there) == sorted(ids))

    def test_what_the_sdk_ends_has_ended_on_the_mount(self, sdk, there):
        session, _ = sdk.create("to-be-ended")
        self.eventually_alive(sdk, there, session)
        sdk.end(session)
        eventually(lambda: self.state(there, session) in sdk.ended, timeout=30)

    def test_what_ctl_ends_has_ended_for_the_sdk(self, sdk, there):
        session, _ = sdk.create("to-be-ended")
        eventually(lambda: sdk.get(session)[1] in sdk.alive, timeout=30)
        self.eventually_alive(sdk, there, session)
        self.write(there, session + "/ctl", sdk.verb).ok()
        eventually(lambda: sdk.get(session)[1] in sdk.ended, timeout=30)

    def test_a_wrong_secret_is_refused(self, emu, sdk):
        sdk.ids()
        wrong = self.sdk_class(emu.url, secret="not-the-secret")
        assert sdk.refused(wrong.ids) == sdk.wrong_secret
