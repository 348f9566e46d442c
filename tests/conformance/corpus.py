"""Key files as people have them, and as they should not.

FILES are read in every dialect: {name: bytes}.  HOMES are looked at by whole
chains: {vendor: {name: (environment, {path below the home: text})}}, where "@"
in the environment is the home.
"""

TEXTS = {
    # what stands behind and around values
    "plain": "[default]\nregion = eu-west-1\n",
    "remark behind a value": "[default]\nregion = eu-west-1 # Ireland\n",
    "semicolon behind a value": "[default]\nregion = eu-west-1 ; Ireland\n",
    "hash without a blank": "[default]\nsecret = a#b#c\n",
    "remark behind a heading": "[default]      # the one\nak = x\n",
    "bracket in the remark behind a heading": "[default] # [x]\nak = x\n",
    "text behind a heading": "[default] = x\nak = x\n",
    "full-line remarks": "# a\n; b\n[default]\n  # c\n\t; d\nak = x\n",
    "remark that looks like a section": "[default]\n#[other]\nak = x\n",
    "double quotes": '[default]\nak = "x y"\nsk = "a#b"\n',
    "single quotes": "[default]\nak = 'x'\n",
    "quotes on one side": "[default]\nak = \"x\nsk = y'\n",
    "hash in quotes": '[default]\ncredential_process = /x "a # b" \'c;d\'\n',
    "backslash": "[default]\npath = C:\\x\\n\nend = a\\\n",
    "blanks around": "[default]\n  ak   =   x   \nsk=y\n\ttab\t=\tz\t\n",
    "equals in the value": "[default]\nsk = a=b==\n",
    "colon": "[default]\nak: x\nsk : y\n",
    "colon in the value": "[default]\nurl = https://x:8/y\n",
    "equals behind a colon": "[default]\nak: a=b\nsk = a:b\n",
    "colon in the key": "[default]\na:b = c\n",
    "windows path as key": "[default]\nC:\\x = y\n",
    # keys
    "capital keys": "[default]\nRegion = a\nAWS_Access_Key_ID = b\n",
    "keys that differ in case": "[default]\nak = a\nAK = b\n",
    "capital umlaut": "[default]\n\u00c4\u00d6 = x\n",
    "capital sigma": "[default]\n\u03a3\u0391 = x\n",
    "dotless": "[default]\n\u0130 = x\n",
    "blank in the key": "[default]\nmy key = x\n",
    "no key": "[default]\n= x\n",
    "no key, colon": "[default]\n: x\n",
    "key alone": "[default]\nregion\n",
    "key alone at the end": "[default]\nak = x\nregion",
    "export before a key": "[default]\nexport ak = x\n",
    "key with a dot": "[default]\nemr.endpoint_url = x\n",
    "key with a bracket": "[default]\na] = x\nb[0] = y\n",
    # empty
    "empty file": "",
    "blank lines": "\n\n\n",
    "only remarks": "# x\n; y\n",
    "empty section": "[default]\n",
    "empty value": "[default]\nak =\nsk = y\n",
    "empty value with blanks": "[default]\nak =   \nsk = y\n",
    "empty value at the end": "[default]\nak =",
    "value that is a remark": "[default]\nak = # x\nsk = ;\n",
    # headings
    "blanks in the heading": "[ default ]\nak = x\n",
    "empty heading": "[]\nak = x\n",
    "blank heading": "[ ]\nak = x\n",
    "heading in brackets": "[[default]]\nak = x\n",
    "brackets alone": "[]]\nak = x\n",
    "heading left open": "[default\nak = x\n",
    "heading left open with a value": "[default]\n[x = y\n",
    "heading with quotes": '["default"]\nak = x\n',
    "capital heading": "[Default]\nak = x\n",
    "indented heading": "  [default]\n  ak = x\n  sk = y\n",
    "indented heading behind a value": "[a]\nak = x\n  [b]\nsk = y\n",
    "two on a line": "[a][b]\nak = x\n",
    "text before the first section": "ak = x\n[default]\nsk = y\n",
    "value before the first section, indented": "  ak = x\n[default]\n",
    "section twice": "[default]\nak = x\n[default]\nsk = y\n",
    "key twice": "[default]\nak = x\nak = y\n",
    "key in two sections": "[a]\nak = x\n[b]\nak = y\n",
    "heading with an equals sign": "[a=b]\nak = x\n",
    "heading with unicode": "[\u30d7\u30ed]\nak = x\n",
    # DEFAULT
    "defaults": "[DEFAULT]\nregion = d\n[default]\nak = x\n[b]\nregion = e\n",
    "defaults at the end": "[default]\nak = x\n[DEFAULT]\nregion = d\n",
    "defaults twice": "[DEFAULT]\na = 1\n[DEFAULT]\nb = 2\n[x]\nc = 3\n",
    "defaults twice, one key": "[DEFAULT]\na = 1\n[DEFAULT]\na = 2\n[x]\n",
    "defaults alone": "[DEFAULT]\na = 1\n",
    # several lines
    "goes on": "[default]\ncmd = a\n  b\n\tc\nak = x\n",
    "goes on behind blank lines": "[default]\ncmd = a\n\n  b\n\n\nak = x\n",
    "goes on behind a remark": "[default]\ncmd = a\n# x\n  b\n  ; y\n  c\n",
    "goes on with a pair": "[default]\nak = x\n  sk = y\nb = z\n",
    "goes on with a heading": "[default]\nak = x\n  [other]\n",
    "goes on at a deeper key": "[default]\n  ak = x\n    more\n  sk = y\nb = z\n",
    "less deep again": "[default]\n    ak = x\n  sk = y\nb = z\n",
    "no-break space as indent": "[default]\nak = x\n\u00a0more\n",
    "blank lines at the end of a value": "[default]\nak = x\n\n\n[b]\nsk = y\n",
    "first line indented": "[default]\n  more\n",
    "backslash and newline": "[default]\ncmd = a \\\n  b\n",
    # nested
    "nested": "[services s]\nemr =\n  endpoint_url = x\n  B = y\nsts = \n a=b\n",
    "nested with a blank line": "[default]\ns3 =\n\n  a = b\n\n  c = d\n",
    "nested without a value": "[default]\ns3 =\n  a\n",
    "nested with a colon": "[default]\ns3 =\n  a: b\n",
    "nested twice": "[default]\ns3 =\n  a = b\n  a = c\n",
    "nested with a remark": "[default]\ns3 =\n  # x\n  a = b # c\n",
    "nested deeper": "[default]\ns3 =\n  a =\n    b = c\n",
    "nested without a key": "[default]\ns3 =\n  = c\n",
    "nested with separators": "[default]\ns3 =\n  a = b\x0cc = d\u2028e = f\n",
    # percent signs
    "percent": "[default]\nsk = a%b\n",
    "percent at the end": "[default]\nsk = a%\n",
    "percent twice": "[default]\nsk = a%%b\n",
    "percent name": "[default]\nhome = h\nsk = %(home)s/x%(HOME)s\n",
    "percent name that is not there": "[default]\nsk = %(home)s\n",
    "percent name left open": "[default]\nhome = h\nsk = %(home\n",
    "percent name of a default": "[DEFAULT]\nh = d\n[default]\nsk = %(h)s\n",
    "percent in a circle": "[default]\na = %(b)s\nb = %(a)s\n",
    "percent chain": "[default]\na = x\n" + "".join(
        f"{b} = %({a})s{b}\n" for a, b in zip("abcdefgh", "bcdefghi")),
    "percent chain too long": "[default]\na = %%\n" + "".join(
        f"{b} = %({a})s\n" for a, b in zip("abcdefghijklm", "bcdefghijklmn")),
    "percent in another section": "[default]\nak = x\n[other]\nsk = a%b\n",
    "percent url": "[default]\nurl = http://x/%20y\n",
    "percent in a key": "[default]\na%b = x\n",
    "percent behind a hash": "[default]\nsk = a # 100%\n",
    # ends of lines, and bytes
    "CRLF": "[default]\r\nak = x\r\nsk = y\r\n",
    "CRLF goes on": "[default]\r\ncmd = a\r\n  b\r\n\r\nak = x\r\n",
    "CR": "[default]\rak = x\rsk = y\r",
    "CR in a value": "[default]\nak = x\ry = z\n",
    "no newline at the end": "[default]\nak = x",
    "form feed": "[default]\nak = x\x0cy = z\n\x0c\nsk = y\n",
    "vertical tab": "[default]\nak = \x0bx\x0b\n",
    "unit separators": "[default]\nak = \x1cx\x1f\nsk = a\x1db\n",
    "next line": "[default]\nak = x\x85sk = y\n",
    "line separator": "[default]\nak = x\u2028sk = y\n",
    "no-break space around": "[default]\u00a0\nak\u00a0=\u00a0x\u00a0\n",
    "ideographic space": "[default]\nak =\u3000x\u3000\n",
    "zero width space": "[default]\nak = \u200bx\n",
    "unicode": "[default]\nak = \u043a\u043b\u044e\u0447\U0001f511\n",
    "byte order mark": "\ufeff[default]\nak = x\n",
    "byte order mark before a remark": "\ufeff# x\n[default]\nak = x\n",
    "byte order mark later": "[default]\n\ufeffak = x\n",
    "control characters": "[default]\nak = a\x01b\x1b[31mc\x7f\n",
    "tabs": "[default]\n\tak\t=\tx\n\tsk\t=\ty\n",
    "long": "[default]\nak = " + "x" * 100000 + "\n",
    "many": "".join(f"[s{i}]\nk = {i}\n" for i in range(500)),
}
BYTES = {
    "NUL in a value": b"[default]\nak = a\0b\n",
    "NUL in a remark": b"# a\0b\n[default]\nak = x\n",
    "NUL at the end": b"[default]\nak = x\n\0",
    "NUL as a line": b"[default]\nak = x\n\0\nsk = y\n",
    "latin-1": b"[default]\nak = caf\xe9\n",
    "latin-1 in a remark": b"# caf\xe9\n[default]\nak = x\n",
    "UTF-16": "[default]\nak = x\n".encode("utf-16"),
    "surrogate": b"[default]\nak = \xed\xa0\x80\n",
    "overlong": b"[default]\nak = \xc0\xaf\n",
    "cut off": b"[default]\nak = \xe2\x82",
}
FILES = {**{name: text.encode() for name, text in TEXTS.items()}, **BYTES}

# Headings of ~/.aws/config.
HEADINGS = [
    "default", "profile default", "profile a", "profile  a ", " profile a",
    "profile 'a b'", 'profile "a b"', "profile a b", "profile", "profile ",
    "profile ''", "profile 'a", 'profile a\\ b', "profile a'b'c",
    "profile a#b", 'profile "a\\"b"', "profile 'a\\b'", 'profile "a\\b"',
    "profiles a", "profile-x a", "profilea", "Profile a", "a", "sso-session s",
    "sso-session 's t'", "sso-sessions s", "services v", "services-x v",
    "preview", "plugins", "profile \u00e4", "profile a\\", "profile\ta",
]

KEYS = "aws_access_key_id = {0}-id\naws_secret_access_key = {0}-secret\n"
TOKEN = "aws_session_token = {0}-token\n"
PROCESS = ("credential_process = printf '{{\"Version\": 1, \"AccessKeyId\": "
           "\"{0}-id\", \"SecretAccessKey\": \"{0}-secret\"}}'\n")


def keys(name, *more):
    return "".join(text.format(name) for text in (KEYS, *more))


ENV = {"AWS_ACCESS_KEY_ID": "env-id", "AWS_SECRET_ACCESS_KEY": "env-secret"}
CONFIG, CREDENTIALS = ".aws/config", ".aws/credentials"

AWS = {
    "nothing": ({}, {}),
    "environment": (ENV, {}),
    "half a pair": ({"AWS_ACCESS_KEY_ID": "x"},
                    {CREDENTIALS: "[default]\n" + keys("f")}),
    "a secret alone": ({"AWS_SECRET_ACCESS_KEY": "x"},
                       {CREDENTIALS: "[default]\n" + keys("f")}),
    "empty variable": ({"AWS_ACCESS_KEY_ID": ""},
                       {CREDENTIALS: "[default]\n" + keys("f")}),
    "session token": ({**ENV, "AWS_SESSION_TOKEN": "t"}, {}),
    "security token": ({**ENV, "AWS_SECURITY_TOKEN": "t"}, {}),
    "both tokens": ({**ENV, "AWS_SECURITY_TOKEN": "old",
                     "AWS_SESSION_TOKEN": "new"}, {}),
    "environment before the profile": (
        {**ENV, "AWS_PROFILE": "p"}, {CREDENTIALS: "[p]\n" + keys("p")}),
    "credentials file": ({}, {CREDENTIALS: "[default]\n" + keys("f", TOKEN)}),
    "security token in a file": ({}, {CREDENTIALS: "[default]\n" + keys(
        "f", "aws_security_token = old\n")}),
    "both tokens in a file": ({}, {CREDENTIALS: "[default]\n" + keys(
        "f", "aws_security_token = old\n", TOKEN)}),
    "empty old token in a file": ({}, {CREDENTIALS: "[default]\n" + keys(
        "f", "aws_security_token =\n", TOKEN)}),
    "security token in the config": ({}, {CONFIG: "[default]\n" + keys(
        "c", "aws_security_token = old\n")}),
    "config file": ({}, {CONFIG: "[default]\n" + keys("c", TOKEN)}),
    "both files": ({}, {CONFIG: "[default]\n" + keys("c", TOKEN),
                        CREDENTIALS: "[default]\n" + keys("f")}),
    "token in the other file": ({}, {CONFIG: "[default]\n" + TOKEN.format("c"),
                                     CREDENTIALS: "[default]\n" + keys("f")}),
    "a pair in two files": ({}, {
        CONFIG: "[default]\naws_secret_access_key = s\n",
        CREDENTIALS: "[default]\naws_access_key_id = i\n"}),
    "AWS_PROFILE": ({"AWS_PROFILE": "p"}, {
        CREDENTIALS: "[default]\n" + keys("d") + "[p]\n" + keys("p")}),
    "AWS_DEFAULT_PROFILE": ({"AWS_DEFAULT_PROFILE": "p"}, {
        CREDENTIALS: "[default]\n" + keys("d") + "[p]\n" + keys("p")}),
    "a profile that is not there": ({"AWS_PROFILE": "q"}, {
        CREDENTIALS: "[default]\n" + keys("d")}),
    "profile prefix in the credentials file": ({"AWS_PROFILE": "p"}, {
        CREDENTIALS: "[profile p]\n" + keys("p")}),
    "profile without prefix in the config": ({"AWS_PROFILE": "p"}, {
        CONFIG: "[p]\n" + keys("p")}),
    "quoted profile": ({"AWS_PROFILE": "a b"}, {
        CONFIG: "[profile 'a b']\n" + keys("p")}),
    "default twice": ({}, {CONFIG: "[profile default]\n" + keys("p") +
                           "[default]\n" + keys("d")}),
    "default twice, the other way": ({}, {
        CONFIG: "[default]\n" + keys("d") + "[profile default]\n" +
        keys("p")}),
    "process": ({}, {CONFIG: "[default]\n" + PROCESS.format("p")}),
    "process before keys of the config": ({}, {
        CONFIG: "[default]\n" + PROCESS.format("p") + keys("c")}),
    "keys of the credentials file before a process": ({}, {
        CONFIG: "[default]\n" + PROCESS.format("p"),
        CREDENTIALS: "[default]\n" + keys("f")}),
    "process on two lines": ({}, {
        CONFIG: "[default]\n" + PROCESS.format("p").replace("printf ",
                                                            "printf\n  ")}),
    "process with a hash": ({}, {
        CONFIG: "[default]\n" + PROCESS.format("p#q")}),
    "process with a dollar sign in quotes": ({"p": "no"}, {
        CONFIG: "[default]\n" + PROCESS.format("$p")}),
    "process that fails": ({}, {
        CONFIG: "[default]\ncredential_process = false\n" + keys("c")}),
    "process that prints nothing": ({}, {
        CONFIG: "[default]\ncredential_process = true\n" + keys("c")}),
    "process with an open quote": ({}, {
        CONFIG: "[default]\ncredential_process = printf 'x\n"}),
    "an SSO session without a role": ({}, {
        CONFIG: "[default]\nsso_session = s\n" + keys("c") +
        "[sso-session s]\nsso_region = x\nsso_start_url = https://x\n"}),
    "an SSO session that differs": ({}, {
        CONFIG: "[default]\nsso_session = s\nsso_account_id = 1\n"
        "sso_role_name = r\nsso_region = y\n" + keys("c") +
        "[sso-session s]\nsso_region = x\nsso_start_url = https://x\n"}),
    "an SSO session that is not there": ({}, {
        CONFIG: "[default]\nsso_session = s\nsso_account_id = 1\n"
        "sso_role_name = r\nsso_region = y\nsso_start_url = x\n" +
        keys("c")}),
    "half of SSO": ({}, {CONFIG: "[default]\nsso_account_id = 1\n" +
                         keys("c"),
                         CREDENTIALS: "[default]\n" + keys("f")}),
    "a bad file": ({}, {CONFIG: "[default]\nx\n",
                        CREDENTIALS: "[default]\n" + keys("f")}),
    "a bad credentials file": ({}, {CONFIG: "[default]\n" + keys("c"),
                                    CREDENTIALS: "[default]\nx\n"}),
    "capital keys": ({}, {CREDENTIALS: "[default]\n" + keys("f").replace(
        "aws_access", "AWS_ACCESS")}),
    "colons": ({}, {CREDENTIALS: "[default]\n" + keys("f").replace(
        " =", ":")}),
    "remark behind a key": ({}, {CREDENTIALS: "[default]\n" + keys(
        "f").replace("f-secret", "f-secret # x")}),
    "quoted secret": ({}, {CREDENTIALS: "[default]\n" + keys("f").replace(
        "f-secret", '"f-secret"')}),
    "defaults": ({}, {CREDENTIALS: "[DEFAULT]\n" + keys("d") +
                      "[default]\nregion = x\n"}),
    "empty in the credentials file": ({}, {
        CONFIG: "[default]\n" + keys("c"),
        CREDENTIALS: "[default]\naws_access_key_id =\n"}),
    "AWS_CONFIG_FILE": ({"AWS_CONFIG_FILE": "@/c"},
                        {"c": "[default]\n" + keys("c")}),
    "$HOME": ({"AWS_CONFIG_FILE": "$HOME/c"},
              {"c": "[default]\n" + keys("c")}),
    "${HOME}": ({"AWS_SHARED_CREDENTIALS_FILE": "${HOME}/c"},
                {"c": "[default]\n" + keys("c")}),
    "~": ({"AWS_CONFIG_FILE": "~/c"}, {"c": "[default]\n" + keys("c")}),
    "~ behind a variable": ({"AWS_CONFIG_FILE": "$X/c", "X": "~"},
                            {"c": "[default]\n" + keys("c")}),
    "$UNSET": ({"AWS_CONFIG_FILE": "@/$UNSET/c"},
               {"$UNSET/c": "[default]\n" + keys("c")}),
    "dollar signs": ({"AWS_CONFIG_FILE": "@/$/${/c"},
                     {"$/${/c": "[default]\n" + keys("c")}),
    "~nobody": ({"AWS_CONFIG_FILE": "~no-such-user/c"},
                {"~no-such-user/c": "[default]\n" + keys("c")}),
    "relative path": ({"AWS_CONFIG_FILE": "c"},
                      {"c": "[default]\n" + keys("c")}),
    "path to a folder": ({"AWS_CONFIG_FILE": "@/.aws"},
                         {CREDENTIALS: "[default]\n" + keys("f")}),
}

ALI_ENV = {"ALIBABA_CLOUD_ACCESS_KEY_ID": "env-id",
           "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "env-secret"}
INI = ".alibabacloud/credentials.ini"
CLI = ".aliyun/config.json"


def pair(name, behind=""):
    return (f"[{name}]{behind}\nenable = true{behind}\ntype = access_key"
            f"{behind}\naccess_key_id = {name}-id{behind}\n"
            f"access_key_secret = {name}-secret{behind}\n")


def cli(mode, name="default", **more):
    members = {"name": name, "mode": mode, "access_key_id": f"{name}-id",
               "access_key_secret": f"{name}-secret", **more}
    text = ", ".join(f'"{k}": ' + (str(v) if isinstance(v, int) else f'"{v}"')
                     for k, v in members.items())
    return f'{{"current": "{name}", "profiles": [{{{text}}}]}}'


LATER = 4102444800  # 2100
EXTERNAL = ("printf '{\\\"access_key_id\\\": \\\"x-id\\\", "
            "\\\"access_key_secret\\\": \\\"x-secret\\\"}'")

ALIBABA = {
    "nothing": ({}, {}),
    "environment": (ALI_ENV, {INI: pair("default")}),
    "environment with a token": (
        {**ALI_ENV, "ALIBABA_CLOUD_SECURITY_TOKEN": "t"}, {}),
    "half a pair": ({"ALIBABA_CLOUD_ACCESS_KEY_ID": "x"},
                    {INI: pair("default")}),
    "credentials.ini": ({}, {INI: pair("default")}),
    "the vendor's sample": ({}, {INI: pair("default", "    # remark")}),
    "hash without a blank": ({}, {INI: pair("default", "#remark")}),
    "semicolon": ({}, {INI: pair("default").replace("-secret", "-s;x ; y")}),
    "quoted": ({}, {INI: pair("default").replace("default-secret", "'q'")}),
    "quoted type": ({}, {INI: pair("default").replace("access_key\n",
                                                      '"access_key"\n', 1)}),
    "colons": ({}, {INI: pair("default").replace(" =", ":")}),
    "capital keys": ({}, {INI: pair("default").replace("access_key_id",
                                                       "Access_Key_Id")}),
    "capital type": ({}, {INI: pair("default").replace("= access_key",
                                                       "= Access_Key")}),
    "CRLF": ({}, {INI: pair("default").replace("\n", "\r\n")}),
    "byte order mark": ({}, {INI: "\ufeff" + pair("default")}),
    "percent": ({}, {INI: pair("default").replace("-secret", "-%x")}),
    "percent twice": ({}, {INI: pair("default").replace("-secret", "-%%x")}),
    "percent elsewhere": ({}, {INI: pair("default") + "[o]\nx = 5%\n"}),
    "section twice": ({}, {INI: pair("default") + "[default]\nx = y\n"}),
    "no type": ({}, {INI: pair("default").replace("type", "kind")}),
    "unknown type": ({}, {INI: pair("default").replace("= access_key",
                                                       "= bearer")}),
    "defaults": ({}, {INI: "[DEFAULT]\ntype = access_key\n" +
                      pair("default").replace("type = access_key\n", "")}),
    "ALIBABA_CLOUD_PROFILE": ({"ALIBABA_CLOUD_PROFILE": "p"},
                              {INI: pair("default") + pair("p")}),
    "a profile that is not there": ({"ALIBABA_CLOUD_PROFILE": "q"},
                                    {INI: pair("default")}),
    "ALIBABA_CLOUD_CREDENTIALS_FILE": (
        {"ALIBABA_CLOUD_CREDENTIALS_FILE": "@/c"}, {"c": pair("default"),
                                                    INI: "x"}),
    "tilde, which is not expanded": (
        {"ALIBABA_CLOUD_CREDENTIALS_FILE": "~/c"}, {"c": pair("default")}),
    "relative path": ({"ALIBABA_CLOUD_CREDENTIALS_FILE": "c"},
                      {"c": pair("default")}),
    "AK": ({}, {CLI: cli("AK"), INI: pair("default")}),
    "AK with a token": ({}, {CLI: cli("AK", sts_token="t")}),
    "StsToken": ({}, {CLI: cli("StsToken", sts_token="t")}),
    "StsToken without": ({}, {CLI: cli("StsToken"), INI: pair("default")}),
    "mode in small letters": ({}, {CLI: cli("ak")}),
    "CLI disabled": ({"ALIBABA_CLOUD_CLI_PROFILE_DISABLED": "TRUE"},
                     {CLI: cli("AK", "cli"), INI: pair("default")}),
    "a profile of the ini only": (
        {"ALIBABA_CLOUD_PROFILE": "p"}, {CLI: cli("AK"), INI: pair("p")}),
    "a bad config.json": ({}, {CLI: "{", INI: pair("default")}),
    "External": ({}, {CLI: cli("External", process_command=EXTERNAL)}),
    "External that fails": ({}, {CLI: cli("External",
                                          process_command="false"),
                                 INI: pair("default")}),
    "OAuth": ({}, {CLI: cli("OAuth", oauth_site_type="CN",
                            oauth_access_token="a",
                            oauth_access_token_expire=LATER,
                            oauth_refresh_token="r", sts_token="t",
                            sts_expiration=LATER)}),
    "OAuth that has expired": ({}, {CLI: cli(
        "OAuth", oauth_site_type="MOON", sts_token="t", sts_expiration=1)}),
    "CloudSSO that has expired": ({}, {CLI: cli(
        "CloudSSO", cloud_sso_sign_in_url="https://x.invalid",
        cloud_sso_account_id="1", cloud_sso_access_config="c",
        access_token="a", cloud_sso_access_token_expire=1)}),
}

HUAWEI_ENV = {"HUAWEICLOUD_SDK_AK": "env-id",
              "HUAWEICLOUD_SDK_SK": "env-secret"}
HUAWEI_INI = ".huaweicloud/credentials"
BASIC = "[basic]\nak = f-id\nsk = f-secret\n"

HUAWEI = {
    "environment": (HUAWEI_ENV, {HUAWEI_INI: BASIC}),
    "environment with a token": (
        {**HUAWEI_ENV, "HUAWEICLOUD_SDK_SECURITY_TOKEN": "t"}, {}),
    "half a pair": ({"HUAWEICLOUD_SDK_AK": "x"}, {HUAWEI_INI: BASIC}),
    "file": ({}, {HUAWEI_INI: BASIC}),
    "file with a token": ({}, {HUAWEI_INI: BASIC + "security_token = t\n"}),
    "global beside": ({}, {HUAWEI_INI: "[global]\nak = g\nsk = h\n" + BASIC}),
    "remark behind": ({}, {HUAWEI_INI: BASIC.replace("secret", "secret # x")}),
    "semicolon behind": ({}, {HUAWEI_INI: BASIC.replace("secret",
                                                        "secret ; x")}),
    "quotes": ({}, {HUAWEI_INI: BASIC.replace("f-secret", '"f-secret"')}),
    "colons": ({}, {HUAWEI_INI: BASIC.replace(" =", ":")}),
    "capital keys": ({}, {HUAWEI_INI: BASIC.replace("ak", "AK")}),
    "CRLF": ({}, {HUAWEI_INI: BASIC.replace("\n", "\r\n")}),
    "indented": ({}, {HUAWEI_INI: BASIC.replace("sk", "  sk")}),
    "all indented": ({}, {HUAWEI_INI: BASIC.replace("\n", "\n  ")}),
    "percent twice": ({}, {HUAWEI_INI: BASIC.replace("secret", "%%x")}),
    "percent elsewhere": ({}, {HUAWEI_INI: BASIC + "[global]\nak = 5%\n"}),
    "defaults": ({}, {HUAWEI_INI: "[DEFAULT]\nsk = d\n[basic]\nak = i\n"}),
    "HUAWEICLOUD_SDK_CREDENTIALS_FILE": (
        {"HUAWEICLOUD_SDK_CREDENTIALS_FILE": "@/c"}, {"c": BASIC}),
    "relative path": ({"HUAWEICLOUD_SDK_CREDENTIALS_FILE": "c"},
                      {"c": BASIC}),
}

HOMES = {"alibaba": ALIBABA, "aws": AWS, "huawei": HUAWEI}

ADC = ".config/gcloud/application_default_credentials.json"
GCLOUD = ".config/gcloud/configurations/config_"
SERVICE = ('{"type": "service_account", "project_id": "%s", "client_email": '
           '"a@b", "token_uri": "https://x.invalid", "private_key": "KEY"}')
USER = ('{"type": "authorized_user", "client_id": "c", "client_secret": "s", '
        '"refresh_token": "r", "quota_project_id": "quota"}')

# What google.auth.default() tells of the project, where a named or default file
# is there; the last ones ask gcloud.
PROJECTS = {
    "GOOGLE_CLOUD_PROJECT": ({"GOOGLE_CLOUD_PROJECT": "env"}, {ADC: USER}),
    "GCLOUD_PROJECT": ({"GCLOUD_PROJECT": "legacy"}, {ADC: USER}),
    "both": ({"GOOGLE_CLOUD_PROJECT": "env", "GCLOUD_PROJECT": "legacy"},
             {ADC: USER}),
    "before the file's": ({"GCLOUD_PROJECT": "legacy"},
                          {ADC: SERVICE % "file"}),
    "default file": ({}, {ADC: SERVICE % "file"}),
    "default file before gcloud's variable": (
        {"CLOUDSDK_CORE_PROJECT": "core"}, {ADC: SERVICE % "file"}),
    "default file before gcloud": ({}, {
        ADC: SERVICE % "file", GCLOUD + "default": "[core]\nproject = g\n"}),
    "named file": ({"GOOGLE_APPLICATION_CREDENTIALS": "@/k"},
                   {"k": SERVICE % "named", ADC: SERVICE % "file"}),
    "named file before gcloud": (
        {"GOOGLE_APPLICATION_CREDENTIALS": "@/k",
         "CLOUDSDK_CORE_PROJECT": "core"}, {"k": SERVICE % "named"}),
    "relative path": ({"GOOGLE_APPLICATION_CREDENTIALS": "k"},
                      {"k": SERVICE % "named"}),
    "CLOUDSDK_CONFIG": ({"CLOUDSDK_CONFIG": "@/x"}, {
        "x/application_default_credentials.json": SERVICE % "x",
        ADC: SERVICE % "file"}),
}
GCLOUD_PROJECTS = {
    "CLOUDSDK_CORE_PROJECT": (
        {"CLOUDSDK_CORE_PROJECT": "core"},
        {ADC: USER, GCLOUD + "default": "[core]\nproject = g\n"}),
    "default configuration": ({}, {
        ADC: USER, GCLOUD + "default": "[core]\nproject = g\n"}),
    "active configuration": ({}, {
        ADC: USER, ".config/gcloud/active_config": "work",
        GCLOUD + "work": "[core]\nproject: w\n",
        GCLOUD + "default": "[core]\nproject = g\n"}),
    "CLOUDSDK_ACTIVE_CONFIG_NAME": ({"CLOUDSDK_ACTIVE_CONFIG_NAME": "work"}, {
        ADC: USER, GCLOUD + "work": "[core]\nProject = w\n"}),
    "no configuration": ({"CLOUDSDK_ACTIVE_CONFIG_NAME": "NONE"}, {
        ADC: USER, GCLOUD + "default": "[core]\nproject = g\n"}),
}
