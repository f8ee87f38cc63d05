"""What a data set was made with. All of it can change an answer, so one data set holds one of each."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from adamml.batch.archive import BatchError
from adamml.media import settings_for
from adamml.nn.fusion import FusionRule
from adamml.nn.modalities import ARCHITECTURES
from adamml.policies import get_policy
from adamml.results.policy_spec import base_name, spec_of
from adamml.weights.checkpoint import RECOGNIZERS_FILE, ModelCard

FORMAT = 1  # of the columns; raised when one changes its name or meaning
SHOWN = 60  # characters of a value in a message


@dataclass(frozen=True, kw_only=True)
class BatchSettings:
    """Kept in `batch.json` and in the metadata of every shard, as JSON under the key `adamml`.

    Attributes:
        format: version of the columns.
        model, version: of the model card.
        weights: file -> sha256, of the files that answer.
        calibration: temperature of the scores, and the rule for "none of my classes".
        classes: in the order of the model's outputs.
        policy, segments, fusion, profile: as for `adamml analyze`.
        threads: per worker. Convolutions sum in another order on another number of threads, and the last digits of a
            score follow.
    """

    format: int = FORMAT
    model: str
    version: str
    weights: Mapping[str, str]
    calibration: Mapping[str, Any]
    classes: tuple[str, ...]
    policy: str
    segments: int
    fusion: FusionRule
    profile: str
    threads: int

    @staticmethod
    def of(
        card: ModelCard,
        *,
        policy: str = "adamml",
        segments: int = 10,
        fusion: FusionRule | None = None,
        profile: str = "local",
        threads: int = 1,
    ) -> "BatchSettings":
        """Check what was asked for against the model, once for all clips.

        Raises:
            BatchError: when no clip could be analyzed like this.
        """
        try:
            policy = get_policy(policy).name
            limit = settings_for(profile).max_segments
        except ValueError as error:
            raise BatchError(str(error)) from error
        if not card.can_run(policy):
            raise BatchError(f"the model {card.name!r} comes without the policy {policy!r}")
        if not 1 <= segments <= limit:
            raise BatchError(f"between 1 and {limit} segments can be asked for, not {segments}")
        if threads < 1:
            raise BatchError(f"a worker has at least one thread, not {threads}")
        base = base_name(policy)
        used = (RECOGNIZERS_FILE, f"{spec_of(policy).network}.safetensors")
        return BatchSettings(
            model=card.name,
            version=card.version,
            weights={name: card.files[name] for name in used if name in card.files},
            calibration={
                "temperature": card.temperature(policy),
                "unknown": dict(card.unknown.get(base, card.unknown.get("adamml", {}))),
                "least_logit": dict(card.least_logit),
            },
            classes=card.classes,
            policy=policy,
            segments=segments,
            fusion=fusion or ARCHITECTURES[card.architecture].fusion,
            profile=profile,
            threads=threads,
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON would give it back."""
        return asdict(self) | {"classes": list(self.classes)}

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """In words, what another data set's settings have instead."""

        def shown(value: Any) -> str:
            text = str(value)
            return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."

        mine = self.to_dict()
        differing = [key for key, value in mine.items() if other.get(key) != value]
        plain = [key for key in differing if not isinstance(mine[key], Mapping | list | tuple)]
        # Other weights or calibrations follow from another model or policy, and say less.
        return [f"{key} {shown(other.get(key))}, not {shown(mine[key])}" for key in plain] or [
            f"other {key}" for key in differing
        ]
