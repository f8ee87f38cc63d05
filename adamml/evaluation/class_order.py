"""Are a model's class names in the right order? Weights only count their classes; the names come from beside them.

Labeled clips are scored with everything run. With the right names a trained model is far above chance. With names in
the wrong order it is not, but then the clips of one class still agree on an answer, and that tells whose name it
should be.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from adamml.datasets.manifest import ClipEntry, ManifestError
from adamml.media import ClipError
from adamml.recognizer import Recognizer

ENOUGH = 3  # clips of a class before its answers are taken for a pattern
SURE, UNSURE = 1e-4, 1e-2  # how likely so many right answers may be by chance


@dataclass(frozen=True, kw_only=True)
class ClassOrder:
    """What labeled clips say of a model's class names.

    Attributes:
        classes: of the model, in its order.
        answers: per clip its label and the model's answer, both names of classes.
        left_out: clip -> why it was not scored.
    """

    classes: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def right(self) -> int:
        """Clips whose answer is their label."""
        return sum(label == answer for label, answer in self.answers)

    @property
    def chance(self) -> float:
        """The probability that a guess among all classes is right."""
        return 1 / len(self.classes)

    @cached_property
    def by_luck(self) -> float:
        """The probability of at least as many right answers by guessing: the tail of a binomial distribution."""
        n, p = len(self.answers), self.chance
        logs = (
            math.lgamma(n + 1)
            - math.lgamma(k + 1)
            - math.lgamma(n - k + 1)
            + k * math.log(p)
            + (n - k) * math.log1p(-p)
            for k in range(self.right, n + 1)
        )
        return min(1.0, sum(map(math.exp, logs)))

    @cached_property
    def mostly(self) -> dict[str, str]:
        """Class -> what more than half of its clips are taken for; only classes with enough clips to tell."""
        found = {}
        for label in self.classes:
            given = Counter(answer for own, answer in self.answers if own == label)
            if given.total() >= ENOUGH and 2 * given.most_common(1)[0][1] > given.total():
                found[label] = given.most_common(1)[0][0]
        return found

    @cached_property
    def misnamed(self) -> dict[str, str]:
        """Class -> the name that its clips get instead, where that name is not kept by clips of its own.

        Confusion looks different: tapped guitars taken for played ones leave played guitars what they are.
        """
        return {
            label: answer
            for label, answer in self.mostly.items()
            if answer != label and self.mostly.get(answer) != answer
        }

    @property
    def fits(self) -> bool:
        """Whether the names are confirmed."""
        return self.by_luck < SURE and not self.misnamed

    def __str__(self) -> str:
        told = {label for label, _ in self.answers}
        lines = [
            f"{self.right} of {len(self.answers)} clips right ({100 * self.right / len(self.answers):.0f} %), of "
            f"{len(told)} of the model's {len(self.classes)} classes; guessing is right in {100 * self.chance:.0f} %",
            *(f"left out  {clip}: {why}" for clip, why in self.left_out.items()),
            *(f"misnamed? clips of {label!r} are mostly taken for {name!r}" for label, name in self.misnamed.items()),
        ]
        if self.misnamed:
            verdict = "The names look permuted: the order of the classes is wrong, or the clips are labeled otherwise."
        elif self.fits:
            verdict = "The names fit: this is far above chance."
            if rare := len(self.classes) - len(self.mostly):
                verdict += f" For {rare} classes there are too few clips, or answers too mixed, to tell one by one."
        elif self.chance ** len(self.answers) >= SURE:
            verdict = "Too few clips to tell."
        elif self.by_luck > UNSURE:
            verdict = "No better than chance, and without a pattern: the weights do not fit these clips."
        else:
            verdict = "Unclear: better than chance, but not by enough. Try more clips."
        return "\n".join([*lines, verdict])


def check_class_order(
    recognizer: Recognizer,
    entries: Sequence[ClipEntry],
    *,
    policy: str = "all",
    segments: int = 10,
    progress: Callable[[str], object] = print,
) -> ClassOrder:
    """Score labeled clips. Labels are compared without regard to case, and `_` counts as a space.

    Raises:
        ManifestError: when no clip has a label that the model knows, or none can be used.
    """
    classes = recognizer.card.classes
    known = {_plain(name): name for name in classes}
    answers, left_out = [], {}
    for number, entry in enumerate(entries, 1):
        label = known.get(_plain(entry.label))
        if label is None:
            left_out[str(entry.path)] = f"the model knows no {entry.label!r}"
            continue
        try:
            analysis = recognizer.analyze(entry.path, policy, segments, start=entry.start, end=entry.end)
        except ClipError as error:
            left_out[str(entry.path)] = str(error)
            continue
        answers.append((label, analysis.label))
        progress(f"[{number}/{len(entries)}] {entry.path.name} ({label}): {analysis.label}")
    if not answers:
        why = next(iter(left_out.values()), "there are none")
        raise ManifestError(f"no clip can be scored: {why}. The model's classes are: {', '.join(classes)}")
    return ClassOrder(classes=classes, answers=tuple(answers), left_out=left_out)


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").split())
