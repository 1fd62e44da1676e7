"""Building blocks of neural networks: plain functions that a loss of yours may call.

    from tangent_fwd import forward_grad, nn

    @forward_grad
    def loss(params, images, labels):
        W1, b1, W2, b2 = params
        hidden = nn.relu(nn.dense(images, W1, b1))
        return nn.softmax_cross_entropy(nn.dense(hidden, W2, b2), labels)

They are written in the language that the compiler takes, so that their derivative is emitted with
that of the loss and reads like it; called from Python they are ordinary NumPy code.
Parameters are arrays that you hold, in tuples or however you like; there are no layers to create.

`layers`        `dense`, `conv2d`, `conv2d_valid`, `max_pool2d`, `layer_norm`
`noise`         `dropout`
`activations`   `relu`, `gelu`, `gelu_tanh`
`losses`        `softmax_cross_entropy`, `soft_cross_entropy`
`initial`       first parameters: `glorot_uniform`, `he_normal`, `lecun_normal`, `zeros`

Images have their channels last: (images, rows, columns, channels).
What goes in as float32 comes out as float32, a loss excepted, which is one float64.
"""

from __future__ import annotations

from tangent_fwd.nn.activations import gelu as gelu
from tangent_fwd.nn.activations import gelu_tanh as gelu_tanh
from tangent_fwd.nn.activations import relu as relu
from tangent_fwd.nn.initial import glorot_uniform as glorot_uniform
from tangent_fwd.nn.initial import he_normal as he_normal
from tangent_fwd.nn.initial import lecun_normal as lecun_normal
from tangent_fwd.nn.initial import zeros as zeros
from tangent_fwd.nn.layers import conv2d as conv2d
from tangent_fwd.nn.layers import conv2d_valid as conv2d_valid
from tangent_fwd.nn.layers import dense as dense
from tangent_fwd.nn.layers import layer_norm as layer_norm
from tangent_fwd.nn.layers import max_pool2d as max_pool2d
from tangent_fwd.nn.losses import soft_cross_entropy as soft_cross_entropy
from tangent_fwd.nn.losses import softmax_cross_entropy as softmax_cross_entropy
from tangent_fwd.nn.noise import dropout as dropout
