"""What we add to numba's compiler, kept out of the way of everybody else's functions.

numba lets a dispatcher bring its own compiler class. Ours differs in the lowering step only:
loops may call the C library's vector functions (see `vector_math`), matrix products are NumPy's
(see `blas`), sums whose order is free say so, and `np.cbrt` is the C library's. Nothing is
registered with numba itself, so a user's own `@njit` functions compile as they always did.

This file imports numba at the top; import it from inside functions.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Collection
from typing import Any, ClassVar

import llvmlite.binding as llvm
import llvmlite.ir as llvm_ir
import numpy as np
from numba.core import cgutils, lowering, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import BaseNativeLowering, NativeLowering, NativeParforLowering
from numba.core.untyped_passes import ReconstructSSA
from numba.parfors.parfor_lowering import ParforLower

from tangent_fwd.backend import blas, passing_on, vector_math
from tangent_fwd.backend.deep import DeepSSA
from tangent_fwd.backend.reading import any_order_lines, forward_indices, side_by_side

# What a marked line permits: without this flag LLVM keeps a float sum in sequence. Its products
# stay as they are written, so that only the grouping of the terms is free.
_FREE = "reassoc"
_REORDERED = ("fadd", "fsub")


class _Codegen:
    """numba's code generator, of which a subclass changes something."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)


class _AcrossLanes(_Codegen):
    """A code generator that computes with neighbouring numbers at once (LLVM calls it SLP)."""

    def _module_pass_manager(self, **options: Any) -> Any:
        return self._codegen._module_pass_manager(**{"slp_vectorize": True, **options})


class StrictLibrary(JITCodeLibrary):  # type: ignore[misc]  # numba has no types
    """A code library whose loops are vectorised around sums that must stay in order.

    LLVM can compute the terms of a float sum side by side and still add them one after the
    other, bit for bit as written; on x86 it does so only when told to. The switch belongs to the
    process, so it is on only while numba's compiler lock is held for our own code.

    Where the lanes of a pass lie side by side they are what is computed at once, by LLVM's other
    vectoriser, and loops around ordered sums stay as they are.
    """

    side_by_side = False
    _codegen: Any
    _final_module: Any

    def _optimize_final_module(self) -> None:
        # By now the module holds all that the function is linked with, numba's own helpers too.
        self._final_module = _multiply(self._final_module)
        if self.side_by_side:
            codegen, self._codegen = self._codegen, _AcrossLanes(self._codegen)
            try:
                super()._optimize_final_module()
            finally:
                self._codegen = codegen
            return
        llvm.set_option("tangent_fwd", "-force-ordered-reductions")
        try:
            super()._optimize_final_module()
        finally:
            llvm.set_option("tangent_fwd", "-force-ordered-reductions=false")


class VectorLibrary(StrictLibrary):
    """A code library whose loops may call vector functions."""

    def add_llvm_module(self, ll_module: Any) -> None:
        # Powers stay visible for now: LLVM turns `x ** 2.0` into a product.
        super().add_llvm_module(_hide(ll_module, "first", visible={"pow", "powf"}))

    def _optimize_final_module(self) -> None:
        self._final_module = _hide(self._final_module, "last")
        super()._optimize_final_module()
        self._final_module = _reveal(self._final_module)


_COMPILED = "_ZN"  # how numba's names for compiled functions begin


def _multiply(module: Any) -> Any:
    """The same module with its matrix products computed by NumPy's BLAS.

    numba compiles a product as functions that all who need them share, and LLVM takes the first
    of one name that it was given. So what such a module shares goes by names of our own: neither
    do we get numba's product, nor anybody else ours.
    """
    text = blas.text()
    functions = {each.name: each for each in module.functions}
    if not text or blas.NUMBA not in functions:
        return module
    for name, function in functions.items():
        if function.linkage == llvm.Linkage.linkonce_odr and name.startswith(_COMPILED):
            function.name = vector_math.hidden(name)
    functions[blas.NUMBA].name = blas.OURS
    return _linked(text, module)


def _hide(module: Any, stage: str, visible: Collection[str] = ()) -> Any:
    """The same module with its scalar functions hidden from LLVM, and their vector forms named."""
    declared = {each.name: each for each in module.functions if each.is_declaration}
    symbols = [name for name in declared if vector_math.meaning(name) not in visible]
    disguise = vector_math.disguise(symbols, host_features(), stage)
    if not disguise.renames:
        return module
    for symbol, name in disguise.renames.items():
        declared[symbol].name = name
    return _linked(disguise.text, module)


def _reveal(module: Any) -> Any:
    """The same module with the C functions under their own names."""
    functions = {each.name: each for each in module.functions}
    missing = []
    for scalar in vector_math.SCALAR:
        function = functions.get(vector_math.hidden(scalar))
        if function is None:
            continue
        if scalar in functions:  # LLVM made calls of its own to the C function
            missing.append(scalar)
        else:
            function.name = scalar
    if not missing:
        return module
    return _linked("\n".join(vector_math.revelation(scalar) for scalar in missing), module)


def _linked(text: str, module: Any) -> Any:
    """A module with what LLVM text says and then `module`.

    Between two declarations of one function LLVM's linker keeps the one it saw first, and
    prefers a definition to both. So the text goes first.
    """
    result = llvm.parse_assembly(text)
    result.name = module.name
    result.triple = module.triple
    result.data_layout = module.data_layout
    result.link_in(module)
    return result


@functools.cache
def host_features() -> frozenset[str]:
    """Processor features that numba compiles for, by LLVM's names."""
    from numba.core.registry import cpu_target

    _, _, features = cpu_target.target_context.codegen().magic_tuple()
    return frozenset(name[1:] for name in features.split(",") if name.startswith("+"))


class _Additions:
    """What we add to numba's lowering: sums in any order, differences as sums, indices that are
    known not to be negative, a true cube root, and exceptions that pass through `finally`.
    """

    builder: Any
    typeof: Callable[[str], Any]
    loadvar: Callable[[str], Any]
    func_ir: Any
    function: Any
    module: Any
    library: StrictLibrary
    fold_call_args: Callable[..., Any]
    call_conv: Any

    @functools.cached_property
    def _any_order(self) -> frozenset[int]:
        return any_order_lines(self.func_ir.loc.filename)

    def lower_inst(self, inst: Any) -> None:
        if inst.loc.line not in self._any_order:
            super().lower_inst(inst)  # type: ignore[misc]  # numba has no types
            return
        before = {id(instruction) for instruction in self._instructions()}
        super().lower_inst(inst)  # type: ignore[misc]  # numba has no types
        for instruction in self._instructions():
            reordered = id(instruction) not in before and instruction.opname in _REORDERED
            if reordered and _FREE not in instruction.flags:
                instruction.flags.append(_FREE)

    def lower_expr(self, resty: Any, expr: Any) -> Any:
        minus = expr.op == "inplace_binop" and expr.immutable_fn is operator.sub
        if minus and not self.library.side_by_side:
            kinds = {self.typeof(expr.lhs.name), self.typeof(expr.rhs.name), resty}
            if kinds in ({types.float64}, {types.float32}):
                return self._subtract(expr)
        return super().lower_expr(resty, expr)  # type: ignore[misc]  # numba has no types

    def _subtract(self, expr: Any) -> Any:
        """`a -= b` as `a + b * -1.0`, which is the same number.

        LLVM keeps only additions in order while it vectorises. It would turn a visible -1.0 back
        into a subtraction, so the factor comes from an empty piece of assembly.
        """
        left, right = self.loadvar(expr.lhs.name), self.loadvar(expr.rhs.name)
        with self.builder.goto_entry_block():
            kind = llvm_ir.FunctionType(right.type, [right.type])
            one = llvm_ir.Constant(right.type, -1.0)
            minus = self.builder.asm(kind, "", "=x,0", [one], False)
        return self.builder.fadd(left, self.builder.fmul(right, minus))

    @functools.cached_property
    def _forward(self) -> frozenset[str]:
        name = self.func_ir.func_id.func_name
        return forward_indices(self.func_ir.loc.filename, name)

    def lower_getitem(self, resty: Any, expr: Any, value: Any, index: Any, signature: Any) -> Any:
        signature = self._unsigned(signature, index)
        return super().lower_getitem(  # type: ignore[misc]  # numba has no types
            resty, expr, value, index, signature
        )

    def _unsigned(self, signature: Any, index: Any) -> Any:
        """The signature of indexing a vector, saying that the index does not count from the end.

        Without the test for a negative index LLVM sees neighbouring elements as neighbours.
        """
        array, kind = signature.args[:2]
        vector = isinstance(array, types.Array) and array.ndim == 1 and kind == types.int64
        if vector and getattr(index, "unversioned_name", "") in self._forward:
            return signature.replace(args=(array, types.uint64, *signature.args[2:]))
        return signature

    def _lower_call_normal(self, fnty: Any, expr: Any, signature: Any) -> Any:
        # numba computes x ** (1/3) with branches: slow, and off by dozens of units in the last
        # place for large x. The C library has the function.
        floats = (types.float32, types.float64)
        if getattr(fnty, "typing_key", None) in passing_on.FORGETS:
            passing_on.remember(self.call_conv, self.builder)
        if getattr(fnty, "typing_key", None) is np.cbrt and signature.args[0] in floats:
            (value,) = self.fold_call_args(fnty, signature, expr.args, expr.vararg, expr.kws)
            symbol = "cbrtf" if signature.args[0] == types.float32 else "cbrt"
            kind = llvm_ir.FunctionType(value.type, [value.type])
            cbrt = cgutils.insert_pure_function(self.module, kind, symbol)
            return self.builder.call(cbrt, [value])
        # numba has no types
        return super()._lower_call_normal(fnty, expr, signature)  # type: ignore[misc]

    def lower_static_raise(self, inst: Any) -> None:
        if passing_on.is_lost(inst):
            passing_on.raise_again(self.call_conv, self.builder)
        super().lower_static_raise(inst)  # type: ignore[misc]  # numba has no types

    def lower_static_try_raise(self, inst: Any) -> None:
        if inst.exc_class is None:
            passing_on.put_back(self.call_conv, self.builder)
        else:
            super().lower_static_try_raise(inst)  # type: ignore[misc]  # numba has no types

    def _instructions(self) -> list[llvm_ir.Instruction]:
        return [each for block in self.function.blocks for each in block.instructions]


class Lower(_Additions, lowering.Lower):  # type: ignore[misc]  # numba has no types
    """numba's lowering, with sums whose order is free."""


class ParallelLower(_Additions, ParforLower):  # type: ignore[misc]  # numba has no types
    """The same for functions with parallel loops."""


class ParallelVectorLower(ParallelLower):
    """The same, and the bodies of those loops may call vector functions.

    numba compiles each body as a function of its own, by a compiler that it does not let us
    choose; but that compiler asks the context of this lowering for its libraries.
    """

    def init(self) -> None:
        super().init()
        codegen = _KernelCodegen(self.context.codegen())
        self.context.codegen = lambda: codegen


class _KernelCodegen(_Codegen):
    """A code generator that makes our kind of library for the bodies of parallel loops."""

    def create_library(self, name: str, **options: Any) -> Any:
        if name.startswith("__numba_parfor_gufunc"):
            return VectorLibrary(self._codegen, name)
        return self._codegen.create_library(name, **options)


class _Lowering(BaseNativeLowering):  # type: ignore[misc]  # numba has no types
    """numba's lowering pass with our classes in it."""

    vector_math = False

    def run_pass(self, state: Any) -> bool:
        if state.library is None:
            kind = VectorLibrary if self.vector_math else StrictLibrary
            state.library = kind(state.targetctx.codegen(), state.func_id.func_qualname)
            source = state.func_id
            state.library.side_by_side = side_by_side(source.filename, source.func_name)
            state.library.enable_object_caching()
        return bool(super().run_pass(state))


@register_pass(mutates_CFG=True, analysis_only=False)
class SerialLowering(_Lowering):
    """Lowering of an ordinary function."""

    _name = "tangent_fwd_lowering"
    lowering_class = Lower


@register_pass(mutates_CFG=True, analysis_only=False)
class SerialVectorLowering(SerialLowering):
    """Lowering of an ordinary function whose loops may call vector functions."""

    _name = "tangent_fwd_vector_lowering"
    vector_math = True


@register_pass(mutates_CFG=True, analysis_only=False)
class ParallelLowering(_Lowering):
    """Lowering of a function with parallel loops."""

    _name = "tangent_fwd_parallel_lowering"
    lowering_class = ParallelLower


@register_pass(mutates_CFG=True, analysis_only=False)
class ParallelVectorLowering(ParallelLowering):
    """Lowering of a function with parallel loops that may call vector functions."""

    _name = "tangent_fwd_parallel_vector_lowering"
    lowering_class = ParallelVectorLower
    vector_math = True


class _Compiler(CompilerBase):  # type: ignore[misc]  # numba has no types
    """numba's nopython compiler with some of its passes exchanged."""

    replacements: ClassVar[dict[type, type]]

    def define_pipelines(self) -> list[PassManager]:
        manager = DefaultPassBuilder.define_nopython_pipeline(self.state)
        for index, (step, description) in enumerate(manager.passes):
            if step in self.replacements:
                manager.passes[index] = (self.replacements[step], description)
        manager.finalize()
        return [manager]


class ScalarCompiler(_Compiler):
    """Compiles calls of the C library one at a time."""

    replacements: ClassVar[dict[type, type]] = {
        ReconstructSSA: DeepSSA,
        NativeLowering: SerialLowering,
        NativeParforLowering: ParallelLowering,
    }


class VectorCompiler(_Compiler):
    """Compiles loops over calls of the C library as vector calls."""

    replacements: ClassVar[dict[type, type]] = {
        ReconstructSSA: DeepSSA,
        NativeLowering: SerialVectorLowering,
        NativeParforLowering: ParallelVectorLowering,
    }
