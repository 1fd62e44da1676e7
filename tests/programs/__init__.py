"""A corpus of ordinary functions, written as users write them for numba and NumPy.

Every public function defined in a module of this package is one program.
The names of its parameters choose its inputs, so a program is only its own text:

| parameter | input |
|---|---|
| ``s t u`` | floats of either sign |
| ``p q`` | positive floats |
| ``n k`` | integers 4 and 3 |
| ``flag`` | True |
| ``x y z w`` | float64 arrays of 5, either sign, no two entries equal |
| ``r`` | positive float64 array of 5 |
| ``b`` / ``c`` | float64 arrays of 3 / of 2 |
| ``X Y`` | float64 (4, 3) |
| ``W`` | float64 (3, 2) |
| ``A`` | float64 (4, 4) |
| ``T`` | float64 (2, 3, 4) |
| ``Q`` | float64 (2, 2, 3, 2) |
| ``row col`` | float64 (1, 3) and (4, 1) |
| ``one one_one`` | float64 (1,) and (1, 1) |
| ``nothing`` | float64 (0,) |
| ``strided`` | float64 array of 5, every second entry of ten |
| ``s32 x32 y32 X32 W32`` | float32: a scalar, arrays of 5, (4, 3), (3, 2) |
| ``m`` | int64 array of 5 |
| ``labels`` | int64 array of 4, entries 0 to 2 |
| ``mask`` | bool array of 5 |
| ``pair`` | tuple of two float64 arrays of 5 |
| ``layers`` | tuple ((3, 2), (2,), (2, 2), (2,)) of float64 arrays |
| ``params`` | named tuple ``Params(W, b, scale)``: (3, 2), (2,), float |
| ``out OUT`` | float64 buffers of 5 and of (4, 3), holding numbers |

A name that starts with an underscore is a helper, not a program.
``NEEDS_REWRITING`` in a module names the programs that plain numba refuses and that only the
compiler's own rewriting makes possible; all others must compile under numba as they stand.
Inputs stay away from kinks, because there an oracle has no say; kinks have tests of their own.
"""
