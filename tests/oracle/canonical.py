"""Strict reading of a scenario file, and the one way results are written.

Scenario page: plain integers within +-2^53, no repeated key, no unknown key; anything else is an error with
the path at which it was found (fine print 49). Results: sorted keys, no spaces, UTF-8, one line.
"""
import json

LIMIT = 2 ** 53


class Bad(Exception):
    """The input is not a scenario: `path` says where, `args[0]` why."""

    def __init__(self, path, message):
        super().__init__(message)
        self.path = path


class Pairs(list):
    """The members of a JSON object as they stood, so that a repeated key can be named with its path."""


def dump(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def load(text):
    def whole(digits):
        return int(digits)

    def refuse(token):
        raise Bad("", "not a whole number in plain digits: %s" % token)

    try:
        tree = json.loads(text, object_pairs_hook=Pairs, parse_int=whole, parse_float=refuse, parse_constant=refuse)
    except RecursionError:
        raise Bad("", "nested too deeply")
    except ValueError as why:
        raise Bad("", "not JSON: %s" % why)
    return _plain(tree, "")


def _plain(node, path):
    if isinstance(node, Pairs):
        out = {}
        for key, value in node:
            here = path + "." + key if path else key
            if key in out:
                raise Bad(here, "repeated key")
            out[key] = _plain(value, here)
        return out
    if isinstance(node, list):
        return [_plain(value, "%s[%d]" % (path, i)) for i, value in enumerate(node)]
    if isinstance(node, int) and not isinstance(node, bool) and abs(node) > LIMIT:
        raise Bad(path, "outside +-2^53")
    if isinstance(node, str):
        try:
            node.encode("utf-8")
        except UnicodeEncodeError:
            raise Bad(path, "not valid text")
    return node
