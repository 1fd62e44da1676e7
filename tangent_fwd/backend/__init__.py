"""From text to machine code.

`load` turns an emitted module into compiled functions, `cpu` is numba with two additions
(vector functions, and sums whose order is free), `vector_math` knows the C library's vector
functions, `cache` keeps what was compiled where only its owner can touch it.

numba takes most of a second to import, so nothing here imports it before the first compile.
"""
