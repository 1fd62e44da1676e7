"""Layers: what turns one batch of values into the next, mostly with parameters.

Types are numba's business, so the annotations say `Any`; shapes and dtypes stand in the text.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def dense(x: Any, W: Any, b: Any) -> Any:
    """Give x W + b, a fully connected layer.

    Args:
        x: one sample in each row, (n, inputs).
        W: weights, (inputs, outputs), with the dtype of `x`.
        b: biases, (outputs,).

    Returns:
        An array of shape (n, outputs).

    Raises:
        ValueError: the shapes do not fit.
    """
    if b.size != W.shape[1]:
        raise ValueError("dense: `b` must have one entry for each column of `W`")
    return x @ W + b


def conv2d(images: Any, W: Any, b: Any) -> Any:
    """Slide a window over images that zeros surround, so that there are as many pixels as before.

    out[k, y, x] = Σ images[k, y + i − above, x + j − left] W[i, j] + b, summed over all i, j.
    This is what networks call a convolution; the window is not mirrored.
    Of a window with 2 m + 1 rows, m lie above the pixel, and of one with 2 m rows, m − 1;
    likewise for columns.

    Args:
        images: (n, rows, columns, channels); numbers of any dtype, read as the dtype of `W`.
        W: weights, (window rows, window columns, channels, output channels).
        b: biases, (output channels,).

    Returns:
        An array of shape (n, rows, columns, output channels) with the dtype of `W`.

    Raises:
        ValueError: the shapes do not fit.
    """
    above, left = (W.shape[0] - 1) // 2, (W.shape[1] - 1) // 2
    return _slide(images, W, b, above, left, images.shape[1], images.shape[2])


def conv2d_valid(images: Any, W: Any, b: Any) -> Any:
    """Slide a window over the inside of images: `conv2d` with nothing around them.

    out[k, y, x] = Σ images[k, y + i, x + j] W[i, j] + b, summed over all i, j.

    Args:
        images, W, b: as for `conv2d`.

    Returns:
        An array of shape (n, rows − window rows + 1, columns − window columns + 1, output
        channels) with the dtype of `W`.

    Raises:
        ValueError: the shapes do not fit, or the window is larger than the images.
    """
    rows, columns = images.shape[1] - W.shape[0] + 1, images.shape[2] - W.shape[1] + 1
    return _slide(images, W, b, 0, 0, rows, columns)


def _slide(images: Any, W: Any, b: Any, above: Any, left: Any, rows: Any, columns: Any) -> Any:
    """The convolution, given how many zeros lie above and left, and how many pixels come out.

    The pixels that meet one row of the window are laid side by side, which leaves one matrix
    product for each row of the window.
    With 3 x 3 pixels, that copies a third of what one product for the whole window would ask for,
    and adds up a third as often as one product for each pixel of the window.
    It is done image by image, because an image at a time fits into the processor's cache.
    """
    n, height, width, channels = images.shape
    window_rows, window_columns, expected, outputs = W.shape
    if channels != expected:
        raise ValueError("convolution: `images` and `W` must have the same number of channels")
    if b.size != outputs:
        raise ValueError("convolution: `b` must have one entry for each output channel of `W`")
    if min(window_rows, window_columns, rows, columns) < 1:
        raise ValueError("convolution: `W` has no pixels, or `images` has too few for it")

    # What is stored for an image has zeros around it, which stay from one to the next.
    beside = np.zeros((rows + window_rows - 1, columns, window_columns, channels), W.dtype)
    lines = beside.reshape(((rows + window_rows - 1) * columns, window_columns * channels))
    weights = W.reshape((window_rows, window_columns * channels, outputs))
    out = np.empty((n, rows * columns, outputs), W.dtype)
    for k in range(n):
        # By elements, since a slice has strides that are known only when it is there.
        for y in range(height):
            for j in range(window_columns):
                for x in range(max(0, left - j), min(columns, width + left - j)):
                    for c in range(channels):
                        beside[above + y, x, j, c] = images[k, y, x + j - left, c]
        # One row further down in the image is `columns` lines further down here.
        out[k] = lines[: rows * columns] @ weights[0] + b
        for i in range(1, window_rows):
            out[k] += lines[i * columns : (i + rows) * columns] @ weights[i]
    return out.reshape((n, rows, columns, outputs))


def max_pool2d(images: Any, size: Any) -> Any:
    """Give the largest value of each square of size x size pixels, channel by channel.

    Where several are largest, the tangent is that of the first, row by row.

    Args:
        images: (n, rows, columns, channels).
        size: of the squares, which do not overlap; rows and columns that fill no whole square are
            left out.

    Returns:
        An array of shape (n, rows // size, columns // size, channels).

    Raises:
        ValueError: `size` is less than one, or more than the images have.
    """
    n, height, width, channels = images.shape
    if size < 1 or size > height or size > width:
        raise ValueError("max_pool2d: `size` must be from 1 to the rows and columns of `images`")
    rows, columns = height // size, width // size
    out = np.empty((n, rows, columns, channels), images.dtype)
    for k in range(n):
        for y in range(rows):
            for x in range(columns):
                out[k, y, x] = images[k, y * size, x * size]
                for i in range(size):
                    for j in range(size):
                        for c in range(channels):
                            pixel = images[k, y * size + i, x * size + j, c]
                            out[k, y, x, c] = np.maximum(out[k, y, x, c], pixel)
    return out


def layer_norm(x: Any, scale: Any, shift: Any, epsilon: Any = 1e-5) -> Any:
    """Give scale (x − mean) / √(variance + ε) + shift, mean and variance along the last axis.

    After Ba, Kiros and Hinton, "Layer normalization" (2016).

    Args:
        x: (..., features).
        scale: (features,), ones to begin with.
        shift: (features,), zeros to begin with.
        epsilon: what keeps constant rows from being divided by zero.

    Returns:
        An array with the shape of `x`.

    Raises:
        ValueError: the shapes do not fit.
    """
    if scale.size != x.shape[-1] or shift.size != x.shape[-1]:
        raise ValueError("layer_norm: `scale` and `shift` must have one entry for each feature")
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    return scale * centred / np.sqrt(variance + epsilon).astype(x.dtype) + shift
