"""The networks of AdaMML: tensors in, tensors out. No files, no clocks.

Read in this order: `pooling`, `recognizers` (what a modality shows), `policy` (which modality is worth
looking at), `gumbel` (how a decision is sampled), `fusion` (how scores are joined), `losses` (what a
decision costs), `model` (all of it as one module).

Shape suffixes used in every file of this room:
B batch, S segments, M modalities, T frames, C channels, H height, W width, K classes, F frequency, D features.
"""

from adamml.nn.fusion import FUSION_RULES, fuse
from adamml.nn.gumbel import gumbel_softmax_decisions
from adamml.nn.losses import policy_penalty
from adamml.nn.model import MODALITIES, AdaMML, AdaMMLOutput
from adamml.nn.policy import PolicyNetwork
from adamml.nn.recognizers import AudioRecognizer, RGBRecognizer

__all__ = [
    "FUSION_RULES",
    "MODALITIES",
    "AdaMML",
    "AdaMMLOutput",
    "AudioRecognizer",
    "PolicyNetwork",
    "RGBRecognizer",
    "fuse",
    "gumbel_softmax_decisions",
    "policy_penalty",
]
