"""Temporal max pooling: how the published backbones turn several frames into fewer (Sec. 4.1).

(B, T, C, H, W) in, (B, T', C, H, W) out with T' = ceil(T / 2): eight frames become 4, 2, 1.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def temporal_max_pool(x_BTCHW: Tensor) -> Tensor:
    """Halve the frames of (B, T, C, H, W) with max pooling of kernel 3, stride 2, padding 1 along T.

    Written as maxima of slices: frame 2i meets its neighbors 2i - 1 and 2i + 1 where they exist. That moves far
    less memory than bringing T to the end for a pooling operator.
    """
    even, odd = x_BTCHW[:, 0::2], x_BTCHW[:, 1::2]
    if odd.shape[1] == 0:
        return even
    after = torch.maximum(even[:, : odd.shape[1]], odd)  # 2i with 2i + 1
    if even.shape[1] > odd.shape[1]:
        after = torch.cat((after, even[:, -1:]), dim=1)  # the last frame of an odd T has no neighbor after it
    before = torch.maximum(after[:, 1:], odd[:, : after.shape[1] - 1])  # ... and with 2i - 1
    return torch.cat((after[:, :1], before), dim=1)


def pool_frames(x_NCHW: Tensor, frames: int) -> tuple[Tensor, int]:
    """`temporal_max_pool` on frames kept in the batch axis: (B * T, C, H, W), T -> (B * T', C, H, W), T'."""
    n, c, h, w = x_NCHW.shape
    pooled = temporal_max_pool(x_NCHW.reshape(n // frames, frames, c, h, w))
    return pooled.reshape(-1, c, h, w), pooled.shape[1]


def pool_apart(frames: Sequence[Tensor]) -> list[Tensor]:
    """`temporal_max_pool` on T frames that are tensors of their own, of any shape: T in, T' out; nothing is copied."""
    pooled = []
    for i in range(0, len(frames), 2):
        window = frames[max(i - 1, 0) : i + 2]
        most = window[0]
        for frame in window[1:]:
            most = torch.maximum(most, frame)
        pooled.append(most)
    return pooled
