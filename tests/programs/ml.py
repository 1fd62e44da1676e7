"""Losses of small learning problems."""

import numpy as np

NEEDS_REWRITING = {"attention", "batch_norm", "cross_entropy_axis", "layer_norm", "softmax_rows"}


def logistic_loss(b, X, x):
    scores = X @ b
    total = 0.0
    for i in range(scores.size):
        total += np.log1p(np.exp(-x[i] * scores[i]))
    return total / scores.size


def logistic_loss_arrays(b, X, x):
    return np.mean(np.log1p(np.exp(-x[:4] * (X @ b))))


def softmax_cross_entropy(W, c, X, labels):
    scores = X @ W + c
    total = 0.0
    for i in range(scores.shape[0]):
        top = scores[i, 0]
        for j in range(1, scores.shape[1]):
            if scores[i, j] > top:
                top = scores[i, j]
        norm = 0.0
        for j in range(scores.shape[1]):
            norm += np.exp(scores[i, j] - top)
        total += np.log(norm) + top - scores[i, labels[i] % 2]
    return total / scores.shape[0]


def cross_entropy_axis(W, X, labels):
    scores = X @ W
    top = np.max(scores, axis=1, keepdims=True)
    log_norm = np.log(np.sum(np.exp(scores - top), axis=1)) + top[:, 0]
    total = 0.0
    for i in range(labels.size):
        total += log_norm[i] - scores[i, labels[i] % 2]
    return total / labels.size


def softmax_rows(X):
    e = np.exp(X - np.max(X, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def mlp_loss(layers, X):
    W1, b1, W2, b2 = layers
    hidden = np.maximum(X @ W1 + b1, 0.0)
    output = hidden @ W2 + b2
    return np.mean(output**2) + 0.01 * (np.sum(W1 * W1) + np.sum(W2 * W2))


def ridge(b, X, x, p):
    e = X @ b - x[:4]
    return np.sum(e**2) + p * np.sum(b**2)


def layer_norm(X, b):
    mu = np.mean(X, axis=1, keepdims=True)
    var = np.mean((X - mu) ** 2, axis=1, keepdims=True)
    return (X - mu) / np.sqrt(var + 1e-5) * b


def batch_norm(X, b):
    mu = X.mean(axis=0)
    var = ((X - mu) ** 2).mean(axis=0)
    return b * (X - mu) / np.sqrt(var + 1e-2)


def attention(X, A):
    scores = X @ X.T / np.sqrt(3.0) + A
    e = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    return (e / np.sum(e, axis=1, keepdims=True)) @ X


def recurrent(x, s, t):
    h = 0.0
    for i in range(x.size):
        h = np.tanh(s * h + t * x[i])
    return h


def recurrent_arrays(X, A, b):
    h = np.zeros(4)
    for i in range(3):
        h = np.tanh(A @ h + X[:, i] * b[i])
    return h


def convolution(x, b):
    out = np.zeros(3)
    for i in range(3):
        for j in range(3):
            out[i] += x[i + j] * b[j]
    return np.maximum(out, 0.0)


def convolution_2d(A, W):
    out = np.zeros((2, 3))
    for i in range(2):
        for j in range(3):
            total = 0.0
            for a in range(3):
                for c in range(2):
                    total += A[i + a, j + c] * W[a, c]
            out[i, j] = total
    return out


def max_pool(A):
    out = np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            out[i, j] = np.max(A[2 * i : 2 * i + 2, 2 * j : 2 * j + 2])
    return out


def hinge(b, X):
    return np.sum(np.maximum(0.0, 1.3 - X @ b))


def leaky_relu(x, p):
    return np.where(x > 0.0, x, 0.1 * p * x)


def momentum_unrolled(x, s):
    position = x.copy()
    speed = np.zeros_like(position)
    for _ in range(3):
        gradient = 2.0 * position - np.sin(position)
        speed = s * speed - 0.1 * gradient
        position = position + speed
    return position


def gradient_descent_inside(s, p):
    a = s
    for _ in range(5):
        a -= 0.1 * p * (2.0 * a - 1.0)
    return (a - 0.5) ** 2


def embedding(X, labels):
    total = np.zeros(3)
    for i in range(labels.size):
        total += X[labels[i]]
    return np.sum(total**2)


def gelu(x):
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))
