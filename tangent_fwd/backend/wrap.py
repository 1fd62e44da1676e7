"""Long statements over several lines, and the user's statements on one."""

from __future__ import annotations

import io
import re
import tokenize

_HEAD = re.compile(r"return |if |elif |while |[^=()]*? [-+*/]?= ")
_JOINTS = ((", ",), (" if ", " else "), (" or ",), (" and ",), (" + ", " - "), (" * ", " / "))


def wrap(text: str, width: int) -> str:
    """A simple statement over two or more lines; as it was if it has no joint to break at."""
    head = _HEAD.match(text)
    if head is None:
        return text
    colon = ":" if text.endswith(":") else ""
    parts = [text[head.end() : len(text) - len(colon)]]
    for joints in _JOINTS:
        if len(parts) > 1 and all(len(part) <= width - 4 for part in parts):
            break
        long = [_split(p, joints) if len(p) > width - 4 else [p] for p in parts]
        parts = [part for each in long for part in each]
    if len(parts) == 1 and len(parts[0]) > width - 4:
        return text
    lines = [head.group() + "("]
    for part in parts:
        joins = len(lines) > 1 and not lines[-1].endswith(",")
        if joins and len(lines[-1]) + len(part) + 1 <= width:
            lines[-1] += " " + part
        else:
            lines.append("    " + part)
    return "\n".join([*lines, ")" + colon])


def _enclosed(text: str) -> bool:
    """Whether one pair of parentheses holds the whole text."""
    depth = 0
    for k, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0:
            return text[0] == "(" and k == len(text) - 1
    return False


def _split(body: str, joints: tuple[str, ...]) -> list[str]:
    """An expression cut before each outermost operator; after each outermost comma."""
    if _enclosed(body):
        inner = _split(body[1:-1], joints)
        return [f"({inner[0]}", *inner[1:-1], f"{inner[-1]})"] if len(inner) > 1 else [body]
    parts, depth, last, quote = [], 0, 0, ""
    for k, c in enumerate(body):
        if quote or c in "'\"":
            quote = "" if c == quote else quote or c
            continue
        depth += (c in "([{") - (c in ")]}")
        if depth == 0 and k > last and any(body.startswith(j, k) for j in joints):
            cut = k + 1
            parts.append(body[last:cut].strip())
            last = cut
    parts.append(body[last:].strip())
    return parts


def joined(text: str) -> str:
    """A statement of several lines on one line, without its comments."""
    lines = text.split("\n")
    try:
        for token in tokenize.generate_tokens(io.StringIO(text + "\n").readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column]
    except (tokenize.TokenError, IndentationError):
        pass  # the statement was cut out of a block; its comments stay
    line = " ".join(part.strip().rstrip("\\").rstrip() for part in lines if part.strip())
    return re.sub(r",? ([)\]])", r"\1", re.sub(r"([(\[]) ", r"\1", line))
