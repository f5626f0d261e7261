"""reference.py - what reference.c prints, compared with Python's libraries and a shell.

    python3 tests/reference.py build/tests/reference

SPDX-License-Identifier: MIT"""
import ast, base64, csv, datetime, decimal, fractions, html, io, json, math, re, struct
import subprocess, sys
import urllib.parse
import xml.etree.ElementTree
from xml.sax import saxutils


def dump(data):
    lines = []
    for at in range(0, len(data), 16):
        row = data[at:at + 16]
        left, right = (" ".join("%02x" % c for c in half) for half in (row[:8], row[8:]))
        text = "".join(chr(c) if 32 <= c < 127 else "." for c in row)
        lines.append("%08x  %-23s  %-23s  |%s|\n" % (at, left, right, text))
    return ("".join(lines) + "%08x\n" % len(data) if data else "").encode()


def xml_text(data):
    return re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd",
                  data.decode("utf-8", "replace"))


def is_xml(data, out):
    text = xml_text(data)
    references = {'"': "&quot;", "'": "&apos;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
    element = xml.etree.ElementTree.fromstring(b'<a b="' + out + b'">' + out + b"</a>")
    return (out == saxutils.escape(text, references).encode()
            and element.get("b") == text and (element.text or "") == text)


def is_c(data, out):
    literal = re.sub(r"\\(.)", lambda m: "?" if m[1] == "?" else m[0], out.decode("ascii"))
    return ast.literal_eval("b" + literal) == data


def is_csv(data, out):
    if b"\0" in data:  # which the module refuses, before Python 3.11
        return True
    record = io.StringIO("x," + out.decode("latin-1") + ",y\r\n", newline="")
    return list(csv.reader(record, strict=True)) == [["x", data.decode("latin-1"), "y"]]


def is_base64(text):
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)) == text
    except ValueError:
        return False


def as_base64(text):  # from the alphabet for URLs; what is foreign to either stays so
    padding = b"\n" if b"=" in text else b"=" * (-len(text) % 4)
    return text.translate(bytes.maketrans(b"-_+/", b"+/-_")) + padding


def time(value):
    seconds, nanoseconds, decimals = map(int, value.split(","))
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
    part = ("%09d" % nanoseconds)[:decimals]
    return moment.isoformat() + ("." + part if part else "") + "Z"


def size(value):
    number = fractions.Fraction(int(value))
    units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    if number < 1024:
        return "%d B" % number
    while number >= 1024:
        number, units = number / 1024, units[1:]
    tenths = int(number * 10 + fractions.Fraction(1, 2))
    return "1.0 " + units[1] if tenths == 10240 else "%d.%d %s" % (*divmod(tenths, 10), units[0])


def base(value):
    number, radix, width, zeros = map(int, value.split(","))
    digits, rest, sign = "", abs(number), "-" if number < 0 else ""
    while rest or not digits:
        rest, digit = divmod(rest, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    if zeros:
        return sign + digits.rjust(width - len(sign), "0")
    return (sign + digits).rjust(width, ".")


def double(bits):
    return struct.unpack(">d", bytes.fromhex(bits))[0]


def is_shortest(bits, printed):  # Python's repr has the same digits, and other rules for the point
    value = double(bits)
    ours, theirs = decimal.Decimal(printed), decimal.Decimal(repr(value))
    if not theirs.is_finite():
        return printed == str(value)
    return (ours == theirs and ours.is_signed() == theirs.is_signed()
            and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*[1-9])?(e[+-]\d+)?", printed))


def as_float(text):
    try:
        return struct.pack(">f", float(text)).hex()
    except OverflowError:
        return None


def is_shortest_float(bits, printed):
    value = struct.unpack(">f", bytes.fromhex(bits))[0]
    if not math.isfinite(value):
        return printed == str(value)
    fewest = next(n for n in range(1, 10) if as_float("%.*e" % (n - 1, value)) == bits)
    digits = decimal.Decimal(printed).normalize().as_tuple().digits
    return as_float(printed) == bits and len(digits) <= fewest


def rounded(form):
    def of(given):
        bits, decimals = given.split(",")
        return form % (int(decimals), double(bits))
    return of


def valid(data):
    try:
        data.decode("utf-8")
        return len(data)
    except UnicodeDecodeError as error:
        return error.start


words = []  # for a shell: its texts, and what quotes them

CHECKS = {
    "json": lambda data, out: out == json.dumps(data.decode("utf-8", "replace"),
                                                ensure_ascii=False).encode(),
    "html": lambda data, out: out == html.escape(data.decode("latin-1")).replace(
        "&#x27;", "&#39;").encode("latin-1"),
    "url": lambda data, out: out == urllib.parse.quote_from_bytes(data, safe="").encode(),
    "xml": is_xml,
    "c": is_c,
    "csv": is_csv,
    "shell": lambda data, out: words.append((data, out)) or b"\0" not in data,
    "shell-refused": lambda data, out: b"\0" in data,
    "dump": lambda data, out: out == dump(data),
    "base64": lambda data, out: out == base64.b64encode(data),
    "base64url": lambda data, out: out == base64.urlsafe_b64encode(data).rstrip(b"="),
    "hex": lambda data, out: out == data.hex().encode(),
    "base64-decoded": lambda data, out: is_base64(data) and base64.b64decode(data) == out,
    "not-base64-decoded": lambda data, out: not is_base64(data) and not out,
    "base64url-decoded": lambda data, out: (is_base64(as_base64(data))
                                            and base64.b64decode(as_base64(data)) == out),
    "not-base64url-decoded": lambda data, out: not is_base64(as_base64(data)) and not out,
}
VALUES = {"time": time, "size": size, "base": base, "fixed": rounded("%.*f"),
          "scientific": rounded("%.*e")}
NUMBERS = {"double": is_shortest, "float": is_shortest_float}


def holds(kind, given, printed):
    if kind in VALUES:
        return VALUES[kind](given) == printed
    if kind in NUMBERS:
        return NUMBERS[kind](given, printed)
    data = b"" if given == "-" else bytes.fromhex(given)
    if kind == "valid":
        return valid(data) == int(printed)
    try:
        return CHECKS[kind](data, b"" if printed == "-" else bytes.fromhex(printed))
    except Exception:  # of a parser that does not take the result
        return False


def shell_agrees():
    command = b"printf '%s\\0' " + b" ".join(out for _, out in words)
    answer = subprocess.run(["sh"], input=command, stdout=subprocess.PIPE, check=True).stdout
    return answer == b"".join(data + b"\0" for data, _ in words)


lines = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
wrong = [line for line in lines if not holds(*line.split(" ", 2))]
if not shell_agrees():
    wrong.append("shell: a word was read otherwise")
print("%d results, %d of them wrong" % (len(lines), len(wrong)), *wrong[:10], sep="\n")
sys.exit(1 if wrong or len(lines) < 50000 else 0)
