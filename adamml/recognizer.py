"""The one way in, for page, command line, Python and evaluation.

    recognizer = Recognizer.load("kinetics-400")
    analysis = recognizer.analyze("clip.mp4")                 # or, step by step:
    with recognizer.open("clip.mp4", segments=10) as session:
        for event in session.run("adamml"):                   # stop iterating to cancel
            print(event.message)
        other = session.analyze("rgb")                        # reuses what was already computed

What happens inside a session is in `adamml.inference.session`.
"""

from pathlib import Path

from adamml.engine import new_engine
from adamml.inference.inference_model import InferenceModel
from adamml.inference.session import ClipSession, clip_facts
from adamml.inputs import ClipInput
from adamml.media import Clip, probe, settings_for
from adamml.media.browser_preview import make_preview, plays_in_browsers
from adamml.nn import FUSION_RULES
from adamml.nn.cost import CostModel
from adamml.nn.fusion import FusionRule
from adamml.policies import POLICIES, Policy
from adamml.results.analysis import Analysis, ClipFacts
from adamml.results.policy_spec import deciding_networks
from adamml.weights.checkpoint import LoadedModel, ModelCard, load_model
from adamml.weights.model_lookup import resolve


def check_clip(path: str | Path, profile: str = "public", *, for_part: bool = False) -> ClipFacts:
    """Look a clip over without decoding it.

    Args:
        for_part: whether only a part of it will be used; the file may then last up to `max_file_seconds`.

    Raises:
        ClipError: when it cannot be used, or exceeds a limit of the profile.
    """
    settings = settings_for(profile)
    return clip_facts(probe(Path(path), settings.of_parts if for_part else settings))


def browser_preview(
    path: str | Path, folder: Path, profile: str = "public", *, start: float | None = None, end: float | None = None
) -> Path | None:
    """A version of the clip that browsers play, written into `folder`; None when they play the file itself.

    Args:
        start, end: seconds of the file to show, None for its start or end.

    Raises:
        ClipError: when the clip cannot be used.
    """
    settings = settings_for(profile)
    if plays_in_browsers(Path(path), settings, start, end):
        return None
    return make_preview(Path(path), folder / "preview.mp4", settings, start, end)


class Recognizer:
    """A model, ready to analyse clips. Safe to share between threads; sessions are not.

    Args:
        model: from `adamml.weights.checkpoint.load_model`.
        fusion: one of the rules of `adamml.nn.fusion`; None for that of the model's kind.
        backend: what runs the networks: "onnx", "torch", or "auto", which takes ONNX Runtime on a CPU and torch on a
            GPU unless ADAMML_BACKEND names one.
        device: "auto", "cpu" or "cuda".

    Raises:
        EngineError: for a backend or device that there is not.
    """

    def __init__(
        self, model: LoadedModel, *, fusion: FusionRule | None = None, backend: str = "auto", device: str = "auto"
    ) -> None:
        if fusion is not None and fusion not in FUSION_RULES:
            raise ValueError(f"fusion must be one of {', '.join(FUSION_RULES)}, got {fusion!r}")
        self.ready = InferenceModel(
            card=model.card,
            engine=new_engine(model.network, model.deciders, backend=backend, device=device),
            cost=CostModel.of(model.network, model.deciders),
            fusion=fusion or model.network.kind.fusion,
        )

    @property
    def card(self) -> ModelCard:
        """What the model is, what it can recognise, and how it was trained."""
        return self.ready.card

    @property
    def policies(self) -> dict[str, str]:
        """Policies that this model can run: name -> what it does. Learned ones need a trained network."""
        trained = self.ready.engine.deciders
        return {name: text for name, text in POLICIES.items() if name not in deciding_networks() or name in trained}

    @property
    def input(self) -> ClipInput:
        """What the model is given of a clip: frames, sizes, sample rate."""
        return self.ready.engine.network.kind.input

    @property
    def backend(self) -> str:
        """What runs the networks: "onnx" or "torch"."""
        return self.ready.engine.backend.name

    @property
    def preparation(self) -> str:
        """What loading had to do that happens once on a machine, as a sentence; empty when nothing was.

        The first analysis says it, too, in its first event.
        """
        return self.ready.engine.preparation

    @staticmethod
    def load(
        name_or_path: str | Path | None = None,
        *,
        fusion: FusionRule | None = None,
        backend: str = "auto",
        device: str = "auto",
    ) -> "Recognizer":
        """Load a model by name, folder or `hf://OWNER/REPO@COMMIT`; see `adamml.weights.model_lookup.resolve`.

        Args:
            name_or_path: None for the one that `ADAMML_MODEL` names, or else the bundled one.
            fusion, backend, device: as for the class.

        Raises:
            CheckpointError: when it is missing, damaged or of another shape.
            EngineError: for a backend or device that there is not.
        """
        return Recognizer(load_model(resolve(name_or_path)), fusion=fusion, backend=backend, device=device)

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
            profile: limits, "local" or "public" (see `adamml.media.limits`).
            start, end: seconds of the file to use, None for its start or end. The part is treated as a clip of its
                own: all times in the result count from the part's start, and a note says which part it was.

        Raises:
            ClipError: when the clip cannot be used or has no such part; the message is fit to be shown.
        """
        return ClipSession(self.ready, Clip(Path(path), settings_for(profile), segments, start, end, self.input))

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
