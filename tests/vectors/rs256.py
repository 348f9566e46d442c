"""JSON web tokens, taken apart and verified by the openssl program."""
import base64
import json
import os
import subprocess
import tempfile


def part(text):
    """The bytes that a part of a token spells."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def problems(token, pem):
    """Yields what is wrong with a token's form and signature; pem: the private key."""
    parts = token.split(".")
    if len(parts) != 3 or "=" in token:
        yield f"{token} is no token of three parts without padding"
        return
    with tempfile.TemporaryDirectory() as folder:
        key, signature = (os.path.join(folder, name) for name in ("key", "signature"))
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=pem.encode(),
                                capture_output=True, check=True).stdout
        for path, content in ((key, public), (signature, part(parts[2]))):
            with open(path, "wb") as out:
                out.write(content)
        said = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", key, "-signature", signature],
            input=token.rpartition(".")[0].encode(), capture_output=True)
    if said.returncode:
        yield f"the signature is wrong: {said.stdout} {said.stderr}"


def read(token):
    """Header and claims."""
    return [json.loads(part(text)) for text in token.split(".")[:2]]
