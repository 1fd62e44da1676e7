"""Find a function's text: its syntax tree, and what its free names stand for.

The whole file is parsed and the node is found by the code object's position, never by cutting
text: decorators with lambdas in them, several lambdas on a line and odd indentation defeat the
usual `inspect.getsource` followed by a parse.
"""

from __future__ import annotations

import ast
import builtins
import functools
import inspect
import linecache
import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tangent_fwd.custom import has_rule, rule_of
from tangent_fwd.errors import Diagnostic, SourceUnavailable, UnsupportedSyntax, raise_all
from tangent_fwd.frontend.desugar import desugared
from tangent_fwd.frontend.unchanged import unchanged
from tangent_fwd.source import Source, Span


@dataclass(frozen=True, eq=False)
class UserFunction:
    """A function as its author wrote it.

    `node` is its definition, desugared (a lambda is turned into one `return`), `namespace` maps
    every free name to the object it stands for now, and `original` is the plain Python function,
    or for one that has none (a nested function) what tells it from others.
    `rule` computes its derivative where one was given by hand, and `declares` is the dispatcher
    whose decorator says the types, to which numba converts what it is called with.
    """

    name: str
    qualname: str
    module: str
    node: ast.FunctionDef
    source: Source
    namespace: dict[str, Any]
    signature: inspect.Signature
    original: Any
    rule: Callable[..., Any] | None = None
    declares: Any = None

    @property
    def is_ruled(self) -> bool:
        """Whether its derivative is given by hand, be the rule still to come."""
        return self.rule is not None or has_rule(self.original)

    @property
    def params(self) -> tuple[str, ...]:
        """The parameter names in order."""
        return tuple(self.signature.parameters)

    @property
    def plain(self) -> inspect.Signature:
        """The signature with a tuple, empty if nothing is said, in the place of `*args`."""
        each = inspect.Parameter
        return self.signature.replace(parameters=[
            each(p.name, each.POSITIONAL_OR_KEYWORD, default=()) if p.kind is p.VAR_POSITIONAL
            else p
            for p in self.signature.parameters.values()
        ])  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Differentiated(UserFunction):
    """The derivative of a function, as a function that may be differentiated itself.

    It takes the arguments of `base`, then the tangents of those that are `active`, and returns
    value and tangent. It has no text of its own: `node` is that of `base`.
    """

    base: UserFunction
    active: tuple[bool, ...]


def differentiated(base: UserFunction, active: tuple[bool, ...]) -> Differentiated:
    """The derivative of `base` with respect to the `active` arguments."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    plain = [inspect.Parameter(name, kind) for name in base.params]
    taken = {p.name for p in plain}
    for parameter, on in zip(tuple(plain), active):
        if on:
            word = f"d{parameter.name}"
            while word in taken:
                word = f"d{word}"
            taken.add(word)
            plain.append(parameter.replace(name=word))
    return Differentiated(
        name=f"{base.name}_jvp",
        qualname=f"{base.qualname}.tangent",
        module=base.module,
        node=base.node,
        source=base.source,
        namespace=base.namespace,
        signature=inspect.Signature(plain),
        original=("tangent", base.original, active),
        base=base,
        active=active,
    )


def unwrap(function: Any) -> types.FunctionType:
    """The plain Python function under numba dispatchers, our own objects and `staticmethod`.

    Raises TypeError for what has no Python body: classes, builtins, callables of other kinds; and
    for a function inside another one, as decorators leave it, whose work would be left out.
    """
    seen = function
    for _ in range(100):
        if isinstance(seen, types.FunctionType):
            if hasattr(seen, "__wrapped__"):
                raise TypeError(
                    f"`{seen.__qualname__}` is wrapped by another decorator, whose work a "
                    "derivative of the inner function would leave out; decorate it first"
                )
            return seen
        if hasattr(seen, "py_func"):
            seen = seen.py_func
        elif hasattr(seen, "__wrapped__"):
            seen = seen.__wrapped__
        else:
            break
    kind = "class" if isinstance(function, type) else type(function).__name__
    raise TypeError(
        f"expected a Python function or a numba @njit function, got {kind} {function!r}"
    )


def derived(thing: Any) -> tuple[Any, tuple[int, ...]] | None:
    """Of `f.tangent`, or a compiled form of it: the function, and the positions of its active
    arguments; None for anything else.
    """
    owner = getattr(thing, "owner", None)
    if owner is None or getattr(owner, "tangent", None) is not thing:
        return None
    return owner.__wrapped__, owner.options.argnums


def parse(function: Any) -> UserFunction:
    """Read a function's source and resolve its names.

    Arguments: a plain function, a lambda, a numba dispatcher or `f.tangent`; what is parsed already
    comes back.
    Returns a `UserFunction`.
    Raises SourceUnavailable where there is no text (a plain prompt, exec, Cython),
    UnsupportedSyntax for async and generator functions and for ambiguous lambdas.
    """
    if isinstance(function, UserFunction):
        return function
    if (derivative := derived(function)) is not None:
        base = parse(derivative[0])
        return differentiated(base, tuple(i in derivative[1] for i in range(len(base.params))))
    found = _parse(unwrap(function))
    return replace(found, original=function, declares=function) if declares(function) else found


def declares(function: Any) -> bool:
    """Whether a numba dispatcher was told its types, and takes no others."""
    return not getattr(function, "_can_compile", True) and hasattr(function, "py_func")


_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@functools.lru_cache(maxsize=512)
def _tree(filename: str, text: str) -> ast.Module:
    return ast.parse(text, filename)


def _parse(plain: types.FunctionType) -> UserFunction:
    code = plain.__code__
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, plain.__globals__)
    # Since Python 3.13 the text of `python -c` goes by this name, and so does that of every exec.
    if not lines or code.co_filename == "<string>":
        raise SourceUnavailable(
            f"cannot read the source of `{plain.__qualname__}` ({code.co_filename}): "
            "forward_grad needs the function's text, so define it in a file or a notebook cell"
        )
    source = Source(code.co_filename, "".join(lines))
    try:
        tree = _tree(source.filename, source.text)
    except SyntaxError as error:
        raise SourceUnavailable(
            f"the file of `{plain.__qualname__}` does not parse: it was changed after import"
        ) from error
    node = _find(plain, tree, source)
    return UserFunction(
        name=plain.__name__ if plain.__name__ != "<lambda>" else "lambda_",
        qualname=plain.__qualname__,
        module=plain.__module__ or "__main__",
        node=desugared(node),
        source=source,
        namespace=_namespace(plain),
        signature=inspect.signature(plain),
        original=plain,
        rule=rule_of(plain),
    )


@functools.lru_cache(maxsize=64)
def _definitions(tree: ast.Module) -> dict[str, list[_Definition]]:
    """The functions of a file, by the names that their code objects have."""
    found: dict[str, list[_Definition]] = {}
    for node in ast.walk(tree):
        if isinstance(node, _Definition):
            name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
            found.setdefault(name, []).append(node)
    return found


def _find(plain: types.FunctionType, tree: ast.Module, source: Source) -> ast.FunctionDef:
    code = plain.__code__
    found: list[ast.FunctionDef] = []
    for node in _definitions(tree).get(code.co_name, ()):
        if isinstance(node, ast.Lambda):
            if node.lineno == code.co_firstlineno or _body_line(code) == node.body.lineno:
                found.append(as_function(node, "lambda_"))
        elif min([node.lineno, *(d.lineno for d in node.decorator_list)]) == code.co_firstlineno:
            if isinstance(node, ast.AsyncFunctionDef):
                message = f"`{plain.__name__}` is async"
                raise_all([Diagnostic("syntax", message, Span.of(node))], source)
            else:
                found.append(node)
    same = [node for node in found if _same_names(plain, node)] if len(found) > 1 else found
    if len(same) > 1 and code.co_name == "<lambda>":
        same = [node for node in same if _columns_agree(plain, node)] or same
    # Twins do not matter, nor do their defaults: those of the function itself count.
    if len({tuple(map(ast.dump, (*_arguments(n), *n.body))) for n in same}) > 1:
        raise UnsupportedSyntax(
            f"line {code.co_firstlineno} holds several lambdas that look alike; "
            "name the function with `def`"
        )
    if not same or not unchanged(code, tree, source.filename):
        changed = "its file was changed after import" if found else "no definition is at its line"
        if same:
            changed += ", or a tool rewrote it while it was imported: the text is not what runs"
        raise SourceUnavailable(
            f"cannot find the source of `{plain.__qualname__}` "
            f"({source.filename}:{code.co_firstlineno}): {changed}"
        )
    return same[0]


def as_function(node: ast.Lambda, name: str) -> ast.FunctionDef:
    """A lambda as a definition of one `return`."""
    body = ast.copy_location(ast.Return(node.body), node.body)
    made: Any = ast.FunctionDef(
        name=name, args=node.args, body=[body], decorator_list=[], returns=None
    )
    made.type_params = []
    ast.copy_location(made, node)
    result: ast.FunctionDef = made
    return result


def _body_line(code: types.CodeType) -> int | None:
    return min((line for _, _, line in code.co_lines() if line), default=None)


def _arguments(node: ast.FunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _same_names(plain: types.FunctionType, node: ast.FunctionDef) -> bool:
    """Whether a lambda has the arguments and the names of the one that runs; others may share its
    line.
    """
    code = plain.__code__
    params = [a.arg for a in _arguments(node)]
    if tuple(params) != code.co_varnames[: len(params)]:
        return False
    inside = list(ast.walk(node.body[0]))
    used = {n.id for n in inside if isinstance(n, ast.Name)}
    known = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
    scopes = (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)
    if any(isinstance(n, scopes) for n in inside):
        return True  # some of its names belong to the code inside
    attributes = {n.attr for n in inside if isinstance(n, ast.Attribute)}
    return used <= known <= used | attributes | {*params}


def _columns_agree(plain: types.FunctionType, node: ast.FunctionDef) -> bool:
    positions = getattr(plain.__code__, "co_positions", None)
    if positions is None:  # Python 3.10 keeps no columns
        return _literals(node) == set(map(repr, plain.__code__.co_consts)) - {"None"}
    body = node.body[0]
    spots = [p for p in positions() if p[2] is not None and p[0] == body.lineno]
    starts = [p[2] for p in spots if p[3] != 0]
    end = body.end_col_offset or 0
    return bool(starts) and min(starts) >= body.col_offset and max(starts) <= end


def _literals(node: ast.FunctionDef) -> set[str]:
    return {repr(n.value) for n in ast.walk(node) if isinstance(n, ast.Constant)}


def _namespace(plain: types.FunctionType) -> dict[str, Any]:
    names: dict[str, Any] = dict(vars(builtins))
    names.update(plain.__globals__)
    for name, cell in zip(plain.__code__.co_freevars, plain.__closure__ or ()):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # a cell not yet filled: the name is reported if it is used
            names.pop(name, None)
    return names
