"""Every way of writing that numba was asked about, and where we differentiate or refuse it.

A row names what is written, then where that is shown: a program of the corpus, a function of
`tests/snippets.py`, a refusal in `tests/ui/cases` (behind `!`), or a test. `numba` says what numba
0.68 does: what it refuses and we differentiate is marked `ours`, and what it takes and we refuse is
counted below.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tangent_fwd import forward_grad
from tangent_fwd.errors import UnsupportedSyntax
from tests import snippets
from tests.harness import disagreements, patterns, programs
from tests.inputs import inputs
from tests.test_ui import FILES, _cases

TABLE = """
flow | if, elif, else | ladder | both
flow | x if c else y | ternary | both
flow | a float on one branch, an integer on the other | integer_on_one_side | both
flow | a float on one branch, an array on the other | !array_or_number | neither
flow | arrays of two layouts on two branches | arrays_of_two_layouts | both
flow | arrays of two ranks on two branches | !rank_changes_between_branches | neither
flow | an integer's name given to a float | integer_becomes_float | both
flow | a number's name given to an array | number_then_array | both
flow | a vector's name given to a matrix | vector_then_matrix | both
flow | the same in a loop | !rank_changes_in_a_loop | neither
flow | a number or None | a_number_or_none | both
flow | while, break, continue | break_and_continue | both
flow | else of a loop | for_else_not_left | both
flow | match of literals | match_numbers | both
flow | match with names and guards | match_with_guards | both
flow | match of sequences | !match_block | neither
flow | match of classes | !match_class | neither
flow | match of dotted names | match_dotted | both
flow | a < b < c | chained_comparison | both
flow | and, or as values | or_gives_a_value | both
flow | := in a condition | walrus_in_a_condition | ours
flow | assert | assertion | both
flow | pass, docstrings, annotations | passes | both
flow | an annotation alone | annotation_alone | both
flow | del of a variable | !delete_a_name | neither
flow | del of an element | deleted_element | both
flow | del of a part of a list | parts_of_lists | both
flow | a global number read | module_constants | both
flow | a global array read | captured_array_in_expressions | both
flow | a global written | !global_statement | neither
flow | raise with constants | raises_seldom | both
flow | raise with values | says_what_it_does | both
flow | raise with an f-string | says_what_it_does | both
flow | raise of a class | raises_seldom | both
flow | raise from | !raise_from_another | neither
flow | raise alone | !raise_again | neither
flow | except Exception | one_thing_or_the_other | both
flow | except of one class | !one_exception_of_many | neither
flow | except Exception as e | caught_under_a_name | both
flow | except alone | one_thing_or_the_other | both
flow | try, finally | returns_past_two | both
flow | try, except, else, finally | runs_last_whichever_way | both
flow | except* | text groups_of_exceptions | neither
flow | with objmode() | !object_mode | theirs
flow | with of anything else | !with_block | neither
flow | import inside | !import_inside | neither
flow | print of numbers and f-strings | says_what_it_does | both
flow | a lambda under a name | lambda_with_a_name | both
flow | a lambda called at once | inner_function_with_defaults | both
flow | a default from around a function inside | inner_function_with_defaults | both
flow | a function inside that reads from around it | inner_function | both
flow | a function inside with loops, called twice | inner_function_with_a_loop | both
flow | a function inside that is passed on | inner_function_passed_on | both
flow | a function inside that is returned | !a_nested_function_as_a_result | neither
flow | nonlocal | nonlocal_once | both
flow | a function inside that calls itself | an_inner_function_that_calls_itself | ours
flow | a function that calls itself | to_a_power | both
flow | functions that call each other | by_turns | both
flow | a cell of a function around it | scaled_by_a_cell | both
flow | a call of a plain function | one_helper | ours
flow | a call of a compiled function | compiled_helper | both
flow | a class inside | !a_class | neither
flow | async, await | !waits | theirs
flow | a decorated function inside | !a_nested_function_with_a_decorator | neither
flow | recursion over arrays | sorted_in_place | both
flow | tuples compared | tuples_compared | both
flow | try in a loop, with arrays | caught_in_a_loop | both
flow | return inside try with finally | returns_past_two | both
flow | raise in a callee, caught by the caller | one_thing_or_the_other | both
flow | an index out of range caught | index_out_of_range_caught | both
flow | division by zero | test test_exceptions.test_division_by_zero_follows_the_error_model | both
args | defaults | default_argument | both
args | None as a default | optional_left_out | both
args | keyword-only arguments | keywords_only | ours
args | positional-only arguments | positional_and_several | both
args | *args in a signature | positional_and_several | both
args | **kwargs in a signature | !any_keyword | neither
args | f(*t) | starred_calls | both
args | f(*t, *u) | starred_calls | both
args | f(**{...}) | keywords_from_a_dict | ours
args | f(a=x) | keyword_in_a_call | both
args | several values returned | two_returned | both
args | nothing returned on one branch | nothing_in_one_branch | both
args | a function | test test_function_arguments.test_inside_compiled_code | both
args | a text that chooses a branch | mode_as_text | both
args | None | optional_left_out | both
args | a bool | activation_by_flag | both
args | a tuple of arrays | pair_argument | both
args | a tuple in a tuple | nested_tuple_given | both
args | a list of floats | test test_containers.test_a_list_is_passed_with_a_list | both
args | a list of arrays | test test_containers.test_other_containers_are_passed | both
args | a dict | test test_fields.test_dicts_and_dataclasses_are_arguments | ours
args | a set | test test_containers.test_other_containers_are_passed | both
args | a dtype, a member of an enumeration | nested_tuple_given | both
args | a dataclass | test test_fields.test_dicts_and_dataclasses_are_arguments | ours
args | a keyword-only argument given from Python | keywords_only | both
args | a keyword-only argument given in compiled code | keywords_only | ours
expr | f"{n}" | says_what_it_does | both
expr | f"{x}" of a float | says_what_it_does | both
expr | f"{x:.2f}" | !format_of_a_number | neither
expr | "%d" % n, "{}".format(n) | !text_filled_in | neither
expr | [x], append | grown_and_made_an_array | both
expr | [], append | grown_and_made_an_array | both
expr | a list of several kinds | !list_of_several_kinds | theirs
expr | a list of arrays of several ranks | !list_of_two_ranks | theirs
expr | [... for ...] | comprehensions | both
expr | one in another | comprehensions | both
expr | [... for ... if ...] | comprehensions | both
expr | np.array([... for ...]) | array_of_results | both
expr | np.array([[... for ...] for ...]) | comprehensions | both
expr | {k: v for ...} | tables_made_at_once | both
expr | {v for ...} | places_in_sets | ours
expr | sum(... for ...) | sum_of_products | ours
expr | a generator | generator_of_the_module | both
expr | a loop over a compiled generator | generator_that_is_left | both
expr | yield from | !a_generator_that_hands_on | neither
expr | {k: v} | tables_of_numbers | both
expr | {"name": array} | tables_of_arrays | both
expr | {"name": values of several kinds} | fields_by_name | both
expr | a loop over such items | fields_one_by_one | ours
expr | d | e | !dicts_joined | neither
expr | {v} | places_in_sets | both
expr | u - v, u.union(v) of sets | places_in_sets | both
expr | xs + ys of lists of arrays | lists_of_arrays | both
expr | a, b = b, a | swap | both
expr | a, *b = t | starred_names | ours
expr | (a, *t) | starred_names | both
expr | [a, *t] | star_in_a_list | both
expr | t + u of tuples | tuples_joined | both
expr | a loop over a tuple of one kind | loop_over_a_tuple | both
expr | a loop over a tuple of several kinds | loops_over_several_kinds | ours
expr | literal_unroll over several kinds | unrolled | both
expr | literal_unroll over arrays of several ranks | unrolled | both
expr | literal_unroll in literal_unroll | unrolled | ours
expr | a computed place in a tuple of several kinds | !computed_index_of_a_mixed_tuple | neither
expr | a tuple that grows in a loop | !tuple_that_grows | neither
expr | zip, enumerate | enumerate_zip | both
expr | zip of tuples of arrays | zip_of_tuples | both
expr | reversed(range(n)) | backwards_over_a_range | ours
expr | range with a step below zero | range_with_start_and_step | both
expr | a range under a name, passed on | ranges_with_names | both
expr | map, filter | mapped_and_filtered | both
expr | zip of a generator and an array | generators_beside_arrays | both
expr | xs[a:b] = ys of lists | parts_of_lists | both
expr | xs += ys, xs *= n of lists | parts_of_lists | both
expr | an array without axes written to | arrays_without_axes | both
expr | slice(a, b) | slice_objects | both
expr | a slice passed on | !slice_object_passed_on | theirs
expr | a namedtuple | named_tuple_made_here | both
expr | a typing.NamedTuple | typed_named_tuple | both
expr | numba.typed.List | test test_containers.test_typed_lists_are_lists | both
expr | numba.typed.Dict | test test_containers.test_other_containers_are_passed | both
expr | a jitclass | !a_jitclass_called | theirs
expr | a structref | !a_class_called | theirs
expr | an attribute of an array assigned | !attribute_assignment | neither
expr | n, m = X.shape | shape_taken_apart | both
expr | X.shape = ... | !shape_assigned | neither
expr | 2j | phasors | both
expr | an integer to a negative power | whole_number_to_a_negative_power | both
expr | slices of texts | slice_of_a_text | both
expr | isinstance | types_that_decide | both
expr | ndim | types_that_decide | both
expr | hasattr | types_that_decide | both
expr | type(x)(y) | type_called | both
expr | np.zeros(n, x.dtype) | dtype_of_another | both
expr | a dtype under a name | dtype_under_a_name | both
expr | np.zeros(n, KIND) of records | records_made_here | both
expr | np.sin(x, out=y) | outputs_given | ours
expr | np.sin(x, y) | outputs_given | both
expr | x += y | augmented_slices | both
expr | a = b = y | several_targets | both
expr | t[0][i] += y | element_of_a_tuple_augmented | both
expr | a.b().c() | chain_of_methods | both
expr | "a" + "b" == "ab" | text_compared | both
expr | 2**63 | large_integers_as_factors | both
expr | x is None of an array | types_that_decide | both
expr | def f[T](...) | text with_a_type_parameter | both
expr | names inside a comprehension | walrus_in_a_comprehension | both
expr | := as a value | walrus_twice | both
expr | := in the head of while | walrus_in_a_while | ours
expr | (x > a) * (x < b) | mask_of_two_conditions | both
expr | a lambda with a default | lambda_with_a_default | both
expr | lambdas in a list | table_of_lambdas | both
expr | a loop over compiled functions | functions_unrolled | both
expr | a computed place in a list of functions | !place_in_a_table_that_is_not_known | neither
"""

# What numba takes and we refuse: objects whose insides we do not see, Python in the middle of
# compiled code, and values that have no tangent beside them.
REFUSED_THOUGH_NUMBA_TAKES_IT = 7

# What the Python of the tests may be too old to read: its first version, what is said, the text.
TEXTS = {
    "groups_of_exceptions": (
        (3, 11),
        "`try` is not supported",
        """def f(s):
    try:
        y = s * s
    except* ValueError:
        y = s
    return y
""",
    ),
    "with_a_type_parameter": (
        (3, 12),
        None,
        """def f[T](s: T) -> T:
    return s * s
""",
    ),
}


class Row(NamedTuple):
    """One line of the table."""

    group: str
    what: str
    where: str
    numba: str


def _row(line: str) -> Row:
    group, rest = line.split(" | ", 1)
    return Row(group, *rest.rsplit(" | ", 2))


ROWS = [_row(line) for line in TABLE.strip().splitlines()]
PROGRAMS = {function.__name__: function for _, function in programs()}
SNIPPETS = {
    name: f for name, f in vars(snippets).items()
    if inspect.isfunction(f) and f.__module__ == snippets.__name__ and name[0] != "_"
}  # fmt: skip
REFUSALS = {function.__name__ for file in FILES for function in _cases(file)}


def test_the_table_is_whole() -> None:
    """Each way of writing stands once, and what numba takes and we refuse is counted."""
    assert len({row.what for row in ROWS}) == len(ROWS) == 185
    assert {row.group for row in ROWS} == {"flow", "args", "expr"}
    told = {True: ("neither", "theirs"), False: ("both", "ours")}
    refused = [row for row in ROWS if row.where[0] == "!"]
    for row in ROWS:
        if not row.where.startswith("text "):
            assert row.numba in told[row in refused], row
    assert sum(row.numba == "theirs" for row in ROWS) == REFUSED_THOUGH_NUMBA_TAKES_IT


def _is_shown(where: str) -> bool:
    kind, _, rest = where.partition(" ")
    if where[0] == "!":
        return where[1:] in REFUSALS
    if kind == "test":
        module, name = rest.split(".")
        return hasattr(importlib.import_module(f"tests.{module}"), name)
    if kind == "text":
        return rest in TEXTS
    return where in PROGRAMS or where in SNIPPETS


def test_every_row_is_shown_somewhere() -> None:
    assert not [row for row in ROWS if not _is_shown(row.where)]


def test_every_snippet_is_a_row() -> None:
    beside = {"nonlocal_beside_a_result"}
    assert SNIPPETS.keys() - beside == {row.where for row in ROWS} & SNIPPETS.keys()


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_differentiate(name: str) -> None:
    """The emitted text as plain Python, every float argument active."""
    function: Callable[..., Any] = SNIPPETS[name]
    assert not disagreements(function, patterns(inputs(function))[-1], 1)


@pytest.mark.parametrize("name", TEXTS)
def test_what_only_newer_python_reads(name: str, tmp_path: Path) -> None:
    since, refused, text = TEXTS[name]
    if sys.version_info < since:
        pytest.skip("this Python cannot read it")
    path = tmp_path / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = forward_grad(module.f)
    if refused is None:
        assert made.jvp((0.7,), (1.0,))[1] == pytest.approx(1.4)
    else:
        with pytest.raises(UnsupportedSyntax, match=refused):
            made.jvp((0.7,), (1.0,))
