"""What the vendors' own code makes of files.

Runs in the SDKs' environment.  Reads [[vendor, question, environment, folder]]
in JSON from standard input and prints an answer in JSON on a line for each; but
for files each is asked in a process of its own, since SDKs read the environment
when they are imported.  A question is "keys", "project", "profiles" or a file's path.
"""
import importlib
import json
import os
import sys


def refused(error):
    return {"": f"{type(error).__name__}: {error}"}


# ---- files ----

def alibaba_file(path):
    from alibabacloud_credentials.provider import profile
    return profile._load_ini(path)


def aws_file(path):
    from botocore import configloader
    return configloader.raw_config_parse(path)


def google_file(path):
    """gcloud's reader, where gcloud is: it is in no package index."""
    from googlecloudsdk.core.configurations import properties_file
    return properties_file.PropertiesFile([path]).AllProperties()


def huawei_file(path):
    """Whatever sections the SDK would tell of, by the parser that it makes."""
    import configparser
    from huaweicloudsdkcore.auth import provider
    made, real = [], provider.configparser

    class Parser(configparser.ConfigParser):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    provider.configparser = type("module", (), {"ConfigParser": Parser})
    os.environ["HUAWEICLOUD_SDK_CREDENTIALS_FILE"] = path
    try:
        provider.ProfileCredentialProvider.get_basic().get_credentials()
    except (configparser.ParsingError, configparser.DuplicateOptionError,
            configparser.DuplicateSectionError, UnicodeDecodeError):
        raise
    except Exception:  # of what is in the file: it was read
        pass
    finally:
        provider.configparser = real
    found = {}
    for section in made[0].sections():
        try:
            found[section] = dict(made[0].items(section))
        except configparser.InterpolationError:
            pass
    return found


# ---- chains ----

def alibaba_keys():
    from alibabacloud_credentials.provider import DefaultCredentialsProvider
    found = DefaultCredentialsProvider().get_credentials()
    return (found.get_access_key_id(), found.get_access_key_secret(),
            found.get_security_token())


def aws_keys():
    import botocore.session
    found = botocore.session.Session().get_credentials()
    if found is None:
        raise LookupError("there are none")
    found = found.get_frozen_credentials()
    return found.access_key, found.secret_key, found.token


def huawei_keys():
    from huaweicloudsdkcore.auth import provider
    chain = provider.CredentialProviderChain((
        provider.EnvCredentialProvider.get_basic(),
        provider.ProfileCredentialProvider.get_basic()))
    found = chain.get_credentials()
    return found.ak, found.sk, found.security_token


def aws_profiles():
    import botocore.session
    found = botocore.session.Session().full_config
    return {kind: found.get(kind, {})
            for kind in ("profiles", "sso_sessions", "services")}


def google_project():
    import google.auth
    return google.auth.default()[1]


def answer(vendor, question):
    if question == "keys":
        found = globals()[vendor + "_keys"]()
        return dict(zip(("id", "secret", "token"),
                        [text or "" for text in found]))
    if question == "profiles":
        return aws_profiles()
    if question == "project":
        return google_project()
    return globals()[vendor + "_file"](question)


def ask(vendor, question, environment, folder):
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    try:
        return json.dumps(answer(vendor, question))
    except Exception as error:
        return json.dumps(refused(error))


def ask_apart(case):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(write, "w") as out:
            out.write(ask(*case))
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        said = told.read()
    os.waitpid(child, 0)
    return said


def prepare(vendors):
    """What takes long and does not look at the environment is imported once."""
    for vendor, names in (
            ("alibaba", ("aiofiles", "Tea.core")),
            ("aws", ("botocore.session", "botocore.credentials")),
            ("google", ("google.auth", "google.oauth2.service_account")),
            ("huawei", ("huaweicloudsdkcore.auth.provider",))):
        for name in names if vendor in vendors else ():
            importlib.import_module(name)


def main():
    gcloud = "/usr/lib/google-cloud-sdk/lib"
    sys.path += [gcloud, gcloud + "/third_party"]
    cases = json.load(sys.stdin)
    prepare({case[0] for case in cases})
    for case in cases:
        if case[1] in ("keys", "profiles", "project"):
            print(ask_apart(case), flush=True)
        else:
            print(ask(*case), flush=True)


if __name__ == "__main__":
    main()
