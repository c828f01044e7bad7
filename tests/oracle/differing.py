"""Where two results part, and the same scenario written differently."""
import json


def differences(expected, got, path=""):
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in expected:
            if key not in got:
                yield "%s.%s: missing" % (path, key)
            else:
                yield from differences(expected[key], got[key], path + "." + key)
    elif isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            yield "%s: %s expected, %s found" % (path, json.dumps(expected), json.dumps(got))
        else:
            for index, (one, other) in enumerate(zip(expected, got)):
                yield from differences(one, other, "%s[%d]" % (path, index))
    elif expected != got or isinstance(expected, bool) != isinstance(got, bool):
        yield "%s: %s expected, %s found" % (path, json.dumps(expected), json.dumps(got))


def disturbed(node, key=None, inside_policy=False):
    """The same scenario in another order, with repetitions; tuples and a policy's rules keep theirs."""
    if isinstance(node, dict):
        return {k: disturbed(v, k, inside_policy or key == "policies") for k, v in reversed(list(node.items()))}
    if isinstance(node, list):
        items = [disturbed(item, key, inside_policy) for item in node]
        if (node and isinstance(node[0], int)) or (inside_policy and key == "rules"):
            return items
        return items[::-1] + items[:1]
    return node
