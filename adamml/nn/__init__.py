"""The networks of AdaMML: tensors in, tensors out. No files, no clocks.

Read in this order: `pooling`, `recognizers` (what a modality shows), `i3d`, `tagger` and `sounds_to_actions` (the same
for Kinetics-400), `modalities` (the registry: which of them a kind of model has), `policy_features` and `policy` (which
modality is worth running), `gumbel` (how a decision is sampled), `fusion` (how scores are joined), `losses` (what a
decision costs), `model` (all of it as one module), `cost` (multiply-accumulates of what ran), `gradcam` (where a
recognizer found its evidence).

Shape suffixes used in every file of this room:
B batch, S segments, M modalities, T frames, C channels, H height, W width, K classes, F frequency, D features.
"""

from adamml.inputs import MODALITIES
from adamml.nn.fusion import FUSION_RULES, fuse
from adamml.nn.gumbel import gumbel_softmax_decisions
from adamml.nn.losses import policy_penalty
from adamml.nn.modalities import ARCHITECTURES, PUBLISHED, Architecture, ModalitySpec
from adamml.nn.model import AdaMML, AdaMMLOutput
from adamml.nn.policy import PolicyNetwork
from adamml.nn.recognizers import AudioRecognizer, RGBRecognizer

__all__ = [
    "ARCHITECTURES",
    "FUSION_RULES",
    "MODALITIES",
    "PUBLISHED",
    "AdaMML",
    "AdaMMLOutput",
    "Architecture",
    "AudioRecognizer",
    "ModalitySpec",
    "PolicyNetwork",
    "RGBRecognizer",
    "fuse",
    "gumbel_softmax_decisions",
    "policy_penalty",
]
