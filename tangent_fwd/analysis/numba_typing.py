"""The one place that leans on numba's internals to learn types, and never generates code.

Guarded by tests/test_infer.py; written against numba 0.68.
"""

from __future__ import annotations

import copy
import re
import types as python_types
import warnings
from collections.abc import Callable
from typing import Any

from tangent_fwd.errors import TangentError

Typer = Callable[..., Any]

# What stubs said since the last start of inference.
REASONS: list[str] = []


class _Key:
    """What numba knows a stub by, and calls it in messages; whether its answers may be kept."""

    def __init__(self, name: str, lasting: bool) -> None:
        self.__name__ = name.rsplit(".", 1)[-1]
        self.lasting = lasting

    def __repr__(self) -> str:
        return self.__name__


class Stub:
    """A callable that exists for type inference only.

    numba's own overloads of functions such as `np.where` compile machine code before they tell
    their result type; a stub answers at once.
    """

    def __init__(self, name: str, typer: Typer, lasting: bool = True) -> None:
        from numba.core import errors, types
        from numba.core.typing.templates import AbstractTemplate, signature

        def generic(self: Any, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            try:
                result = typer(self.context, *args)
            except TangentError:
                raise  # about a helper, and complete
            except errors.TypingError as error:
                REASONS.append(uncoloured(error))  # numba keeps it out of its own first sentence
                raise
            except (TypeError, ValueError, AttributeError, IndexError) as error:
                # The call does not have the shape that the typer expects.
                raise errors.TypingError(f"these arguments do not fit: {error}") from error
            REASONS.clear()  # numba tries literal types first; it is the last answer that counts
            return None if result is None else signature(result, *args)

        template = type(
            f"Stub_{name}", (AbstractTemplate,), {"key": _Key(name, lasting), "generic": generic}
        )
        self._numba_type_ = types.Function(template)


class InferenceError(Exception):
    """numba cannot type a line: its number in the text that was given, and why."""

    def __init__(self, line: int | None, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


def type_lines(
    text: str, name: str, namespace: dict[str, Any], arg_types: tuple[Any, ...]
) -> tuple[dict[tuple[int, str], Any], Any]:
    """Run numba's untyped pipeline and its type inference on a function.

    Arguments: the text of one function, its name, the globals it sees, its argument types.
    Returns the type assigned at each (line, variable), and the return type.
    Raises InferenceError.
    """
    from numba.core import compiler, errors
    from numba.core.registry import cpu_target
    from numba.core.target_extension import target_override

    REASONS.clear()
    scope = dict(namespace)
    exec(compile(text, "<inference>", "exec"), scope)
    function: python_types.FunctionType = scope[name]
    typing, target = _context(), cpu_target.target_context
    typing.refresh()
    target.refresh()
    flags = compiler.Flags()
    flags.nrt = True
    with target_override("cpu"), warnings.catch_warnings():
        # Advice about speed is for the code we emit, not for the text that is only typed.
        warnings.simplefilter("ignore", errors.NumbaPerformanceWarning)
        # What numba warns of when it types a dict, it refuses afterwards.
        warnings.simplefilter("ignore", errors.NumbaTypeSafetyWarning)
        run = _pipeline()(typing, target, None, arg_types, None, flags, {})
        run.state.cr = "typed"  # stands for the compile result that this pipeline never makes
        try:
            run.compile_extra(function)
        except errors.NumbaError as error:
            raise _restated(error) from error
        except TangentError:
            raise
        except Exception as error:  # numba's own typers are not made for every call
            raise InferenceError(
                None, f"numba fails with {type(error).__name__}: {error}"
            ) from error
    return _collect(run.state), run.state.return_type


def is_overloaded(function: Any) -> bool:
    """Whether numba was told to compile something else in place of a plain function's body."""
    from numba.core.registry import cpu_target

    if not isinstance(function, python_types.FunctionType):
        return False
    if function.__module__.startswith("numba."):
        return False  # numba's own are written to mean the same in both
    cpu_target.typing_context.refresh()
    return cpu_target.typing_context._lookup_global(function) is not None


_CONTEXT: list[Any] = []


def _context() -> Any:
    """The typing context of numba, with a memory: what `+` of two floats gives is asked over and
    over, and each time numba tries all its overloads.
    """
    if not _CONTEXT:
        from numba.core import types
        from numba.core.registry import cpu_target

        class Remembering(type(cpu_target.typing_context)):  # type: ignore[misc]  # numba has no types
            def resolve_function_type(self, function: Any, args: Any, keywords: Any) -> Any:
                if keywords or not isinstance(function, types.Function):
                    return super().resolve_function_type(function, args, keywords)
                found = self.signatures.get((function, args))
                if found is None:
                    found = super().resolve_function_type(function, args, keywords)
                    if getattr(function.typing_key, "lasting", True):
                        self.signatures[function, args] = found
                return found

        made = copy.copy(cpu_target.typing_context)
        made.__class__ = Remembering
        made.signatures = {}
        _CONTEXT.append(made)
    return _CONTEXT[0]


_PIPELINE: list[Any] = []


def _pipeline() -> Any:
    if not _PIPELINE:
        from numba.core.compiler import CompilerBase
        from numba.core.compiler_machinery import PassManager
        from numba.core.typed_passes import NopythonTypeInference
        from numba.core.untyped_passes import (
            FixupArgs,
            GenericRewrites,
            ReconstructSSA,
            TranslateByteCode,
        )

        class InferenceOnly(CompilerBase):  # type: ignore[misc]  # numba has no types
            def define_pipelines(self) -> list[Any]:
                manager = PassManager("tangent_fwd inference")
                for step in (
                    TranslateByteCode,
                    FixupArgs,
                    GenericRewrites,
                    ReconstructSSA,
                    NopythonTypeInference,
                ):
                    manager.add_pass(step, step.__name__)
                manager.finalize()
                return [manager]

        _PIPELINE.append(InferenceOnly)
    return _PIPELINE[0]


def _collect(state: Any) -> dict[tuple[int, str], Any]:
    from numba.core import ir, types

    found: dict[tuple[int, str], Any] = {}
    for block in state.func_ir.blocks.values():
        for inst in block.body:
            if not isinstance(inst, ir.Assign) or inst.target.name.startswith("$"):
                continue
            if isinstance(inst.value, ir.Expr) and inst.value.op == "phi":
                continue
            name = inst.target.unversioned_name
            found[inst.loc.line, name] = types.unliteral(state.typemap[inst.target.name])
    return found


def uncoloured(error: Exception) -> str:
    """What numba says, without the escapes that it puts in where colorama is installed."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(error))


def _restated(error: Any) -> InferenceError:
    text = uncoloured(error)
    lines = re.findall(r'File "<inference>", line (\d+)', text)
    loc = getattr(error, "loc", None)
    line = int(lines[-1]) if lines else (loc.line if loc is not None else None)
    return InferenceError(line, _reason(text) or type(error).__name__)


# How numba begins its useful sentences, and what we make of them.
_UNTYPED = re.compile(r"Untyped global name '(\w+)'")
_UNIFY = re.compile(r"Cannot unify (.+) and (.+) for '(\w+?)(?:\.\d+)*', defined")
_RETURN = re.compile(r"unify return type from the following types: (.+)")
_EMPTY = re.compile(
    r"the type of variable '(\w+?)(?:\.\d+)*', have imprecise type: (\w+)[(\[]undefined"
)
_ATTRIBUTE = re.compile(r"Unknown attribute '(\w+)' of type (.+)")
_CALL = re.compile(r">>> (.+?)\((.*)\)\s*$", re.MULTILINE)
_OPERATORS = {
    "getitem": "indexing", "static_getitem": "indexing", "setitem": "storing into an element",
    "add": "`+`", "sub": "`-`", "mul": "`*`", "truediv": "`/`", "floordiv": "`//`", "mod": "`%`",
    "pow": "`**`", "matmul": "`@`", "iadd": "`+=`", "and_": "`&`", "or_": "`|`", "xor": "`^`",
    "lshift": "`<<`", "rshift": "`>>`", "invert": "`~`", "neg": "unary `-`", "pos": "unary `+`",
    "not_": "`not`", "lt": "`<`", "le": "`<=`", "gt": "`>`", "ge": "`>=`", "eq": "`==`",
    "ne": "`!=`", "is_": "`is`", "is_not": "`is not`",
}  # fmt: skip


def _reason(text: str) -> str:
    """The one useful sentence of a long message of numba's."""
    found = _UNTYPED.search(text)
    if found:
        return f"numba does not know `{found[1]}`"
    if REASONS:
        return REASONS[-1]
    found = _UNIFY.search(text)
    if found:
        one, another = sorted(map(spoken, found.group(1, 2)))
        return f"`{found[3]}` is {one} on one path and {another} on another"
    if "<BLAS function>" in text:
        return "products of arrays need arrays of floats"
    found = _EMPTY.search(text)
    if found:
        what = "list" if found[2] == "list" else "set" if found[2] == "set" else "dict"
        return f"what the {what} `{found[1]}` may hold is not known: nothing is put into it"
    found = _RETURN.search(text)
    if found:
        kinds = sorted(map(spoken, _entries(found[1])))  # numba keeps them in a set
        return f"every `return` must give the same type; here they give {' and '.join(kinds)}"
    found = _ATTRIBUTE.search(text)
    if found:
        return f"{spoken(found[2])} has no attribute `{found[1]}`"
    found = _CALL.search(text)
    if found:
        name = found[1].rsplit(".", 1)[-1]
        what = _OPERATORS.get(name, f"`{name}`")
        if name.startswith(("<", "(")) or "Function(" in name:
            inner = re.search(r"'([\w.]+)'", found[1])
            what = f"`{inner[1]}`" if inner else "this"
        if name == "_impl":  # numba's own name for products of arrays
            what = "`@`"
        return f"{what} is not defined for {spoken(found[2]) or 'no arguments'}"
    lines = [part.strip() for part in text.splitlines() if part.strip()]
    noise = ("Failed in", "During:", "File", "Rejected")
    return next((part for part in lines if not part.startswith(noise)), "")


def _entries(text: str) -> list[str]:
    """A list split at its own commas, not at those inside its entries."""
    depth, entries = 0, [""]
    for character in text:
        depth += (character in "([<") - (character in ")]>")
        if character == "," and depth == 0:
            entries.append("")
        else:
            entries[-1] += character
    return entries


def spoken(text: str) -> str:
    """Numba's spelling of types as people say it: `array(float64, 1d, C)` is a 1-D array."""
    text = re.sub(r"Literal\[\w+\]\(.*?\)(?=[,)]| x|$)", _literal, text)
    text = re.sub(
        r"(?:readonly )?array\((\w+), (\d+)d, [ACF](?:, \w+)*\)", r"\2-D array of \1", text
    )
    while "Record(" in text:  # one may hold others
        plain = re.sub(r"Record\(((?!Record\().)*?;\d+;\w+\)", "record", text)
        text = plain if plain != text else text.replace("Record(", "record(")
    text = re.sub(
        r"(?:unaligned |readonly )*array\(record, (\d+)d, [ACF]\)", "structured array", text
    )
    text = re.sub(r"UniTuple\(([^()]+) x (\d+)\)", r"tuple of \2 \1", text)
    text = re.sub(r"\bTuple\(([^()]+)\)", r"tuple of (\1)", text)
    text = re.sub(r"(?:unsigned_)?range_state_u?int\d+", "range", text)
    text = re.sub(r"slice<\w+:\w+>", "slice", text).replace("slice2_type", "slice")
    text = re.sub(r"<iv=(?:None|\{.*?\}|\[.*?\])>", "", text)
    text = re.sub(r"DictType\[([^\[\],]+),(.+?)\]", r"dict from \1 to \2", text)
    text = re.sub(r"\b(?:reflected )?(list|set)\((\w+)\)", r"\1 of \2", text)
    text = re.sub(r"ListType\[([^\[\]]+)\]", r"typed list of \1", text)
    text = re.sub(r"\bFields\(.*\)(?=, | and |$)", "dict with names for keys", text)
    text = re.sub(r"omitted\(default=(\w+)\)", r"\1", text)
    text = text.replace("unicode_type", "str").replace("none", "None")
    return text.strip()


def _literal(found: re.Match[str]) -> str:
    name = found[0].split("[", 1)[1].split("]", 1)[0]
    return {"int": "int64", "bool": "bool"}.get(name, name)


def unify(all_types: list[Any]) -> Any:
    """The type that values of all these types share; None if there is none."""
    from numba.core.registry import cpu_target

    first, *rest = all_types
    if all(other == first for other in rest):
        return first
    return cpu_target.typing_context.unify_types(*all_types)


def result_type(function: Any, *args: Any) -> Any:
    """The type of a call of a function that numba types without compiling (operators, ufuncs)."""
    from numba.core.registry import cpu_target

    context = cpu_target.typing_context
    kind = context.resolve_value_type(function)
    found = context.resolve_function_type(kind, args, {})
    return None if found is None else found.return_type
