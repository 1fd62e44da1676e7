"""From text to machine code.

`load` turns an emitted module into compiled functions, `cpu` is numba with some additions,
`vector_math` knows the C library's vector functions, `blas` NumPy's matrix products, `cache` keeps
what was compiled where only its owner can touch it.

numba takes most of a second to import, so nothing here imports it before the first compile.
"""
