"""AdaMML as one module: both recognisers, the fusion weight and the policy (Panda et al., ICCV 2021, Fig. 2).

This is the reference forward: it runs everything and masks, which is what training needs and what parity tests
compare with. `adamml.recognizer` runs the same parts but only where the policy asks for them.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adamml.nn.fusion import FusionRule, fuse
from adamml.nn.gumbel import argmax_decisions
from adamml.nn.policy import PolicyNetwork, small_frames
from adamml.nn.recognizers import AudioRecognizer, RGBRecognizer

MODALITIES = ("rgb", "audio")


@dataclass(frozen=True, kw_only=True)
class AdaMMLOutput:
    """Everything the model said about a batch of clips."""

    clip_logits: Tensor  # B, K
    segment_logits: Tensor  # B, S, K
    decisions: Tensor  # B, S, M: 0 or 1
    policy_logits: Tensor  # B, S, M, 2: index 1 means "use"
    modality_logits: dict[str, Tensor]  # modality -> B, S, K


class AdaMML(nn.Module):
    """The published model.

    Args:
        num_classes: K, at least 1.
        fusion: rule of `adamml.nn.fusion`; "published" matches the published implementation.
    """

    def __init__(self, num_classes: int, *, fusion: FusionRule = "published") -> None:
        super().__init__()
        if num_classes < 1:
            raise ValueError(f"num_classes must be 1 or more, got {num_classes}")
        self.num_classes = num_classes
        self.fusion: FusionRule = fusion
        self.recognizers = nn.ModuleDict({"rgb": RGBRecognizer(num_classes), "audio": AudioRecognizer(num_classes)})
        self.rgb_weight = nn.Parameter(torch.full((1,), 0.5))  # w of the late fusion; audio weighs 1 - w
        self.policy = PolicyNetwork()

    def forward(self, rgb_BSTCHW: Tensor, sound_BSFT: Tensor) -> AdaMMLOutput:
        """Decide by arg max, run everything, mask.

        Args:
            rgb_BSTCHW: (B, S, 8, 3, 224, 224), ImageNet-normalised.
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
