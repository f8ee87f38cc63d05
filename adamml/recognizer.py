"""The one way in, for page, command line, Python and evaluation.

    recognizer = Recognizer.load("everyday-av")
    analysis = recognizer.analyze("clip.mp4")                 # or, step by step:
    with recognizer.open("clip.mp4", segments=10) as session:
        for event in session.run("adamml"):                   # stop iterating to cancel
            print(event.message)
        other = session.analyze("rgb")                        # reuses what was already computed

What happens inside a session is in `adamml.session`.
"""

from pathlib import Path

from adamml.analysis import Analysis, ClipFacts
from adamml.checkpoint import LoadedModel, ModelCard, load_model
from adamml.cost import CostModel
from adamml.engine import Engine
from adamml.media import Clip, probe, settings_for
from adamml.media.preview import make_preview, plays_in_browsers
from adamml.nn import FUSION_RULES
from adamml.nn.deciders import DECIDERS
from adamml.nn.fusion import FusionRule
from adamml.policies import POLICIES, Policy
from adamml.session import ClipSession, ReadyModel, clip_facts

DEFAULT_MODEL = "everyday-av"


def check_clip(path: str | Path, profile: str = "public") -> ClipFacts:
    """Look a clip over without decoding it.

    Raises:
        ClipError: when it cannot be used, or exceeds a limit of the profile.
    """
    return clip_facts(probe(Path(path), settings_for(profile)))


def browser_preview(path: str | Path, folder: Path, profile: str = "public") -> Path | None:
    """A version of the clip that browsers play, written into `folder`; None when they play the file itself.

    Raises:
        ClipError: when the clip cannot be used.
    """
    settings = settings_for(profile)
    if plays_in_browsers(Path(path), settings):
        return None
    return make_preview(Path(path), folder / "preview.mp4", settings)


class Recognizer:
    """A model, ready to analyse clips. Safe to share between threads; sessions are not.

    Args:
        model: from `adamml.checkpoint.load_model`.
        fusion: "renormalised" (default) or "published", see `adamml.nn.fusion`.
    """

    def __init__(self, model: LoadedModel, *, fusion: FusionRule = "renormalised") -> None:
        if fusion not in FUSION_RULES:
            raise ValueError(f"fusion must be one of {', '.join(FUSION_RULES)}, got {fusion!r}")
        self.ready = ReadyModel(
            card=model.card,
            engine=Engine(model.network, model.deciders),
            cost=CostModel.of(model.network, model.deciders),
            fusion=fusion,
        )

    @property
    def card(self) -> ModelCard:
        """What the model is, what it can recognise, and how it was trained."""
        return self.ready.card

    @property
    def policies(self) -> dict[str, str]:
        """Policies that this model can run: name -> what it does. Learned ones need a trained network."""
        trained = self.ready.engine.deciders
        return {name: text for name, text in POLICIES.items() if name not in DECIDERS or name in trained}

    @staticmethod
    def load(name_or_path: str | Path = DEFAULT_MODEL, *, fusion: FusionRule = "renormalised") -> "Recognizer":
        """Load a checkpoint by name (from `checkpoints/`) or folder.

        Raises:
            CheckpointError: when it is missing, damaged or of another shape.
        """
        return Recognizer(load_model(name_or_path), fusion=fusion)

    def open(
        self,
        path: str | Path,
        segments: int = 10,
        profile: str = "local",
        *,
        start: float | None = None,
        end: float | None = None,
    ) -> "ClipSession":
        """Open a clip for one or more analyses.

        Args:
            path: a local video or sound file.
            segments: S, spread evenly over the clip.
            profile: limits, "local" or "public" (see `adamml.media.settings`).
            start, end: seconds of the file to use, None for its start or end. The part is treated as a clip of its
                own: all times in the result count from the part's start, and a note says which part it was.

        Raises:
            ClipError: when the clip cannot be used or has no such part; the message is fit to be shown.
        """
        return ClipSession(self.ready, Clip(Path(path), settings_for(profile), segments, start, end))

    def analyze(
        self,
        path: str | Path,
        policy: str | Policy = "adamml",
        segments: int = 10,
        profile: str = "local",
        *,
        start: float | None = None,
        end: float | None = None,
    ) -> Analysis:
        """Open, run to the end, and return the answer. Takes and raises what `open` and `ClipSession.run` do.

        With `start` or `end`, times in the result count from the part's start.
        """
        with self.open(path, segments, profile, start=start, end=end) as session:
            return session.analyze(policy)
