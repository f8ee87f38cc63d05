"""AdaMML as one module: both recognizers, the fusion weight and the policy (Panda et al., ICCV 2021, Fig. 2).

This is the reference forward: it runs everything and masks, which is what training needs and what parity tests
compare with. `adamml.recognizer` runs the same parts but only where the policy asks for them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adamml.nn.fusion import FusionRule, fuse
from adamml.nn.gumbel import argmax_decisions
from adamml.nn.modalities import PUBLISHED, Architecture
from adamml.nn.policy import PolicyNetwork
from adamml.nn.policy_features import small_frames
from adamml.nn.segment_recognizer import Recognizers


@dataclass(frozen=True, kw_only=True)
class AdaMMLOutput:
    """Everything the model said about a batch of clips."""

    clip_logits: Tensor  # B, K
    segment_logits: Tensor  # B, S, K
    decisions: Tensor  # B, S, M: 0 or 1
    policy_logits: Tensor  # B, S, M, 2: index 1 means "use"
    modality_logits: dict[str, Tensor]  # modality -> B, S, K


class AdaMML(nn.Module):
    """A model: the published one, or one of another kind with the same parts.

    Args:
        num_classes: K, at least 1.
        kind: which recognizers, and what they are given.
        fusion: rule of `adamml.nn.fusion`; "published" matches the published implementation.
    """

    def __init__(self, num_classes: int, kind: Architecture = PUBLISHED, *, fusion: FusionRule = "published") -> None:
        super().__init__()
        if num_classes < 1:
            raise ValueError(f"num_classes must be 1 or more, got {num_classes}")
        self.num_classes, self.kind = num_classes, kind
        self.fusion: FusionRule = fusion
        self.recognizers = Recognizers({spec.name: spec.recognizer(num_classes) for spec in kind.modalities})
        self.rgb_weight = nn.Parameter(torch.full((1,), 0.5))  # w of the late fusion; audio weighs 1 - w
        self.policy = PolicyNetwork(kind)
        # Modalities of which the policy is given the recognizer's own features, computed once and charged once.
        self.shared = frozenset(spec.name for spec in kind.modalities if spec.glimpse is None)

    def share_equal_glimpses(self) -> None:
        """Run a glimpse that is the recognizer's backbone, tensor for tensor, only once: its features are the same."""
        for spec in self.kind.modalities:
            if spec.glimpse is None or spec.feature_dim != spec.glimpse_dim:
                continue
            glimpse = self.policy.get_submodule(spec.name).state_dict()
            network = self.recognizers[spec.name].net.state_dict()
            if all(name in network and torch.equal(value, network[name]) for name, value in glimpse.items()):
                self.shared = self.shared | {spec.name}

    def forward(self, rgb_BSTCHW: Tensor, sound_BSFT: Tensor) -> AdaMMLOutput:
        """Decide by arg max, run everything, mask. For models whose policy has glimpses of its own for both.

        Args:
            rgb_BSTCHW: (B, S, 8, 3, 224, 224), ImageNet-normalized.
            sound_BSFT: (B, S, 256, 256) log spectrograms.

        Raises:
            ValueError: when the two inputs disagree on batch or segments.
        """
        if rgb_BSTCHW.shape[:2] != sound_BSFT.shape[:2]:
            raise ValueError(
                f"rgb has batch and segments {tuple(rgb_BSTCHW.shape[:2])}, sound {tuple(sound_BSFT.shape[:2])}"
            )
        b, s = rgb_BSTCHW.shape[:2]
        frames, sound = rgb_BSTCHW.flatten(0, 1), sound_BSFT.flatten(0, 1)  # B * S, ...
        small = small_frames(frames)
        policy_logits = self.policy(small.reshape(b, s, *small.shape[1:]), sound_BSFT)
        decisions = argmax_decisions(policy_logits)
        modality_logits = {
            "rgb": self.recognizers["rgb"](frames).reshape(b, s, -1),
            "audio": self.recognizers["audio"](sound).reshape(b, s, -1),
        }
        segment_logits, clip_logits = fuse(
            modality_logits["rgb"], modality_logits["audio"], decisions, self.rgb_weight, self.fusion
        )
        return AdaMMLOutput(
            clip_logits=clip_logits,
            segment_logits=segment_logits,
            decisions=decisions,
            policy_logits=policy_logits,
            modality_logits=modality_logits,
        )
