"""The one way in, for page, command line, Python and evaluation.

    recognizer = Recognizer.load("kinetics-400")
    analysis = recognizer.analyze("clip.mp4")                 # or, step by step:
    with recognizer.open("clip.mp4", segments=10) as session:
        for event in session.run("adamml"):                   # stop iterating to cancel
            print(event.message)
        other = session.analyze("rgb")                        # reuses what was already computed

What happens inside a session is in `adamml.inference.session`.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from adamml.engine import new_engine
from adamml.engine.onnx_folder import write_onnx
from adamml.inference.inference_model import InferenceModel
from adamml.inference.live_session import WINDOW, LiveSession
from adamml.inference.session import ClipSession, clip_facts
from adamml.inputs import ClipInput
from adamml.media import Clip, probe, settings_for
from adamml.media.browser_preview import make_preview, plays_in_browsers
from adamml.nn import FUSION_RULES
from adamml.nn.cost import CostModel
from adamml.nn.fusion import FusionRule
from adamml.policies import POLICIES, Policy
from adamml.results.analysis import Analysis, ClipFacts
from adamml.results.policy_spec import spec_of
from adamml.weights.checkpoint import LoadedModel, ModelCard, copy_model, load_model, save_model
from adamml.weights.huggingface import push
from adamml.weights.model_lookup import hub_address, resolve


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
    """A model, ready to analyze clips. Safe to share between threads; sessions are not.

    Args:
        model: from `adamml.weights.checkpoint.load_model`.
        fusion: one of the rules of `adamml.nn.fusion`; None for that of the model's kind.
        backend: what runs the networks: "onnx", "openvino", "openvino-bfloat16", "torch", or "auto", which takes the
            fastest of the first three on a CPU and torch on a GPU unless ADAMML_BACKEND names one; "auto-float32"
            takes the faster of the first two, in the precision of all published figures.
        device: "auto", "cpu" or "cuda".

    Raises:
        EngineError: for a backend or device that there is not.
    """

    def __init__(
        self, model: LoadedModel, *, fusion: FusionRule | None = None, backend: str = "auto", device: str = "auto"
    ) -> None:
        if fusion is not None and fusion not in FUSION_RULES:
            raise ValueError(f"fusion must be one of {', '.join(FUSION_RULES)}, got {fusion!r}")
        self._folder = model.folder
        self.ready = InferenceModel(
            card=model.card,
            engine=new_engine(model.network, model.deciders, backend=backend, device=device),
            cost=CostModel.of(model.network, model.deciders),
            fusion=fusion or model.network.kind.fusion,
        )

    @property
    def card(self) -> ModelCard:
        """What the model is, what it can recognize, and how it was trained."""
        return self.ready.card

    @property
    def policies(self) -> dict[str, str]:
        """Policies that this model can run: name -> what it does. Learned ones need a trained network."""
        trained = self.ready.engine.deciders
        return {name: text for name, text in POLICIES.items() if (spec_of(name).network or "adamml") in trained}

    @property
    def input(self) -> ClipInput:
        """What the model is given of a clip: frames, sizes, sample rate."""
        return self.ready.engine.network.kind.input

    @property
    def backend(self) -> str:
        """What runs the networks: "onnx", "openvino", "openvino-bfloat16" or "torch"."""
        return self.ready.engine.backend.name

    @property
    def precision(self) -> str:
        """In which the RGB recognizer computes: "float32", "bfloat16", or "float16" on a GPU."""
        return self.ready.engine.backend.precision

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
        """Load a model by name, folder or `hf://OWNER/REPO` (or `...@COMMIT`).

        What is looked up where, and when the network is used: `adamml.weights.model_lookup.resolve`.

        Args:
            name_or_path: None for the one that `ADAMML_MODEL` names, or else the bundled one.
            fusion, backend, device: as for the class.

        Raises:
            CheckpointError: when it is missing, damaged or of another shape.
            EngineError: for a backend or device that there is not.
        """
        return Recognizer(load_model(resolve(name_or_path)), fusion=fusion, backend=backend, device=device)

    @staticmethod
    def from_pretrained(
        name_or_repo: str | Path,
        *,
        revision: str | None = None,
        fusion: FusionRule | None = None,
        backend: str = "auto",
        device: str = "auto",
    ) -> "Recognizer":
        """Load a model as libraries of the Hugging Face Hub do: `from_pretrained("owner/repo")`.

        Args:
            name_or_repo: owner/repo of the hub, or what `load` takes.
            revision: of the repository: a commit, tag or branch. A tag or branch is resolved to its commit, and that
                is said. None for the current one.
            fusion, backend, device: as for the class.

        Raises:
            CheckpointError: when it is missing, damaged or of another shape, or cannot be fetched.
            EngineError: for a backend or device that there is not.
        """
        return Recognizer.load(hub_address(name_or_repo, revision), fusion=fusion, backend=backend, device=device)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write the model into a folder that `load` and `from_pretrained` take; returns the folder.

        Weights are safetensors. A model that was read from a folder is copied byte for byte, its card included.

        Raises:
            CheckpointError: when the files that it was read from have changed since.
            OSError: when the folder cannot be written.
        """
        target, engine = Path(folder), self.ready.engine
        if self._folder is not None:
            copy_model(self._folder, target)
        else:
            deciders = {name: network for name, network in engine.deciders.items() if name != "adamml"}
            save_model(target, engine.network, self.card, deciders, half=False)
        return target

    def push_to_hub(
        self,
        repo_id: str,
        *,
        revision: str | None = None,
        private: bool | None = None,
        token: str | None = None,
        commit_message: str = "Push a model of AdaMML Studio",
    ) -> str:
        """Upload the model to the Hugging Face Hub; returns its address, `hf://OWNER/REPO@COMMIT`.

        Args:
            repo_id: owner/name; created where it does not exist.
            revision: branch to commit to, created where it does not exist; None for the main one.
            private: whether a new repository is; None for what is usual there.
            token: with the right to write; None for HF_TOKEN, or who is signed in.
            commit_message: of the one commit.

        Raises:
            FetchError: when the hub refuses; `UnreachableError` when it cannot be reached.
            CheckpointError: when the files that the model was read from have changed since.
        """
        with tempfile.TemporaryDirectory() as made:
            folder = self._folder or self.save_pretrained(made)
            at = push(folder, repo_id, token=token, private=private, revision=revision, message=commit_message)
        return at.address

    def export_onnx(self, folder: str | Path, *, say: Callable[[str], object] = lambda line: None) -> Path:
        """Write every network as an ONNX graph, with networks.json on how to use them; returns the folder.

        Each graph is run by ONNX Runtime and compared with the model's own numbers.

        Args:
            folder: is made where there is none.
            say: takes a line for each network.

        Raises:
            OnnxExportError: when a network cannot be expressed, or differs.
            OSError: when the folder cannot be written.
        """
        card, network = self.card, self.ready.engine.network
        about = {
            "model": {"name": card.name, "version": card.version, "license": card.licence, "trained": card.trained},
            "weights": dict(card.files),
            "answer": {
                "rule": self.ready.fusion,
                "rgb_weight": float(network.rgb_weight),
                "about": "of what was run of a segment, rgb_weight * classify_rgb and (1 - rgb_weight) * "
                "classify_audio, joined over segments by the rule (adamml/nn/fusion.py); scores are softmax(logits / "
                "temperature of the policy)",
                "temperatures": dict(card.temperatures),
                "unknown": {name: dict(rule) for name, rule in card.unknown.items()},
                "least_logit": dict(card.least_logit),
            },
            "classes": card.classes,
            "sounds": card.sounds,
        }
        return write_onnx(network, self.ready.engine.deciders, Path(folder), about, say)

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
        clip = Clip(Path(path), settings_for(profile), segments, start, end, self.input, distinct=True)
        return ClipSession(self.ready, clip)

    def live(self, policy: str | Policy = "adamml", profile: str = "local", *, window: int = WINDOW) -> LiveSession:
        """Begin a live session: pieces of one segment each are pushed as they come, and the policy decides as it goes.

        Args:
            policy: one that decides segment after segment: adamml, with or without a threshold, rgb, audio or all.
            profile: limits on each piece, "local" or "public".
            window: how many of the last segments are answered for together.

        Raises:
            ValueError: for a policy that is unknown or has to know the whole clip first, or no window.
        """
        settings = settings_for(profile)
        return LiveSession(self.ready, lambda path: Clip(path, settings, 1, given=self.input), policy, window)

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
