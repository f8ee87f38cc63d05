"""What choosing could be worth at most: the best k looks of a clip, found by trying all of them, the truth known.

No policy can choose so, since it does not know the answer. Sound is heard wherever there is any. Of all choices that
come out right it is the one that is surest of it; where none does, the one to which the truth is most probable.
Shapes: N choices, S segments, K classes.
"""

from collections.abc import Sequence
from itertools import combinations

import torch

from adamml.evaluation.records import ClipRecord
from adamml.nn import MODALITIES, fuse
from adamml.nn.cost import CostModel
from adamml.policies import ManualPolicy
from adamml.training.cached_evaluation import CachedClips

LOOKS = (1, 2, 3)  # of ten segments there are 120 choices of three


def best_looks(
    clips: CachedClips, cost: CostModel, temperature: float, numbers: Sequence[int] = LOOKS
) -> dict[str, list[ClipRecord]]:
    """Rows "best-1", "best-2" and so on: one record per clip.

    Args:
        temperature: of clip scores.
        numbers: of looks; every segment of a clip that has no more.
    """
    return {
        f"best-{looks}": [
            clips.record(clip, _best(clips, clip, looks), cost, temperature) for clip in range(len(clips))
        ]
        for looks in numbers
    }


@torch.no_grad()
def _best(clips: CachedClips, clip: int, looks: int) -> ManualPolicy:
    """The choice for one clip, as a policy."""
    batch, network = clips.batch, clips.network
    assert batch.logits is not None
    rgb_SK, audio_SK = (batch.logits[m][clip] for m in MODALITIES)
    segments = len(rgb_SK)
    choices = list(combinations(range(segments), min(looks, segments)))
    used_NSM = torch.zeros(len(choices), segments, len(MODALITIES))
    used_NSM[..., 1] = 1
    for number, choice in enumerate(choices):
        used_NSM[number, choice, 0] = 1
    present_M = batch.present[clip]
    rgb_NSK, audio_NSK = (logits.expand(len(choices), -1, -1) for logits in (rgb_SK, audio_SK))
    _, said_NK = fuse(rgb_NSK, audio_NSK, used_NSM * present_M, network.rgb_weight.detach(), network.kind.fusion)
    label = int(batch.label[clip])
    right_N = (said_NK.argmax(-1) == label).float()
    best = int((said_NK.log_softmax(-1)[:, label].exp() + right_N).argmax())
    grid = [{"rgb": s in choices[best], "audio": True} for s in range(segments)]
    return ManualPolicy(grid=grid, name=f"best-{looks}")
