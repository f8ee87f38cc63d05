"""The page's three endpoints as tools for agents, by the Model Context Protocol: `analyze`, `compare`, `export`.

On Gradio's own server of that protocol (/gradio_api/mcp), which differs here in three things. A clip is a text, the
address that `remote_clip` fetches: Gradio would fetch it itself, or take the file out of the text. A call goes to the
endpoint inside this process, with the caller's address, and not once more through the front door; a client that asks
for it is told how far the call is. And the answer is a digest, made for reading: the whole JSON has the score of every
class in every segment, hundreds of kilobytes.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NotRequired

import anyio
import gradio as gr
from gradio import processing_utils, route_utils
from gradio.mcp import GradioMCPServer
from gradio.state_holder import SessionState
from mcp import types
from pydantic import TypeAdapter
from typing_extensions import TypedDict  # of Python 3.12, which pydantic wants

from app.call_progress import heard_by
from app.error_log import failed

TOP = 5
_GROWTH = 1e-6  # what a notification says is done has to be more than the one before said, also while a call waits
INSTRUCTIONS = (
    "Recognizes what happens in a video or sound file, and says for which segments it had to look or to listen. "
    "Clips are given by public https address."
)
_CLIP = {
    "type": "string",
    "format": "uri",
    "description": "Public https address of a video or sound file. No other scheme, no port, no private host.",
}
_ABOUT = {
    "analyze": "Say what happens in a clip (a class and its probability), in which segments the model had to look at "
    "the picture or listen to the sound, and how much compute that took and saved (in multiply-accumulates). "
    "`known` is false where the model is too unsure of any class.",
    "compare": "Analyze a clip in two ways, for example with the learned policy and with the picture alone, and say "
    "which needs less compute and whether they agree.",
    "export": "Make a file of an analysis and give its address: mp4 (the clip, annotated, with its sound), png (a "
    "report of one page), json (the whole result), csv (a row per segment).",
}
_NUMBER = "or with a number, as adamml@0.30, anytime-20%, even-3"


class Answer(TypedDict):
    """A class and its probability, or a sound and its score: from 0 to 1."""

    label: str
    score: float


class SegmentDigest(TypedDict):
    """Seconds from the clip's start; what was run there, and what it said alone (null: nothing was run)."""

    start: float
    end: float
    looked: bool
    listened: bool
    label: str | None
    score: float | None


class Digest(TypedDict):
    """An analysis without the scores of every class."""

    answer: str
    known: bool
    top: list[Answer]
    heard: list[Answer]
    clip: str
    duration: float
    model: str
    policy: str
    examined: float
    segments: list[SegmentDigest]
    macs: int
    saved_against: dict[str, float]
    seconds: float
    notes: list[str]


class PairDigest(TypedDict):
    """Two ways on one clip, and in words which is better."""

    left: Digest
    right: Digest
    sentence: str


class MadeFile(TypedDict):
    """A file to be fetched within the hour."""

    url: str
    name: str
    size: NotRequired[int | None]


_ANSWERS: dict[str, type] = {"analyze": Digest, "compare": PairDigest, "export": MadeFile}


def digest(analysis: dict[str, Any]) -> Digest:
    """What an agent reads of an analysis (the JSON of `adamml.results.analysis`)."""
    total = analysis["macs"]["total"]
    return {
        "answer": analysis["answer"],
        "known": analysis["known"],
        "top": _best(analysis["scores"]),
        "heard": _best(analysis["heard"]),
        "clip": analysis["clip"]["name"],
        "duration": analysis["clip"]["duration"],
        "model": analysis["model"],
        "policy": analysis["policy"],
        "examined": analysis["examined"],
        "segments": [
            {
                "start": each["start"],
                "end": each["end"],
                "looked": each["decisions"]["rgb"],
                "listened": each["decisions"]["audio"],
                "label": each["label"],
                "score": each["scores"][each["label"]] if each["scores"] else None,
            }
            for each in analysis["segments"]
        ],
        "macs": total,
        "saved_against": {name: 1 - total / macs["total"] for name, macs in analysis["alternatives"].items()},
        "seconds": analysis["seconds"]["total"],
        "notes": analysis["notes"],
    }


def _best(scores: dict[str, float]) -> list[Answer]:
    best = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return [{"label": label, "score": score} for label, score in best]


class AgentTools(GradioMCPServer):
    """What `Blocks.launch` is given in place of Gradio's class."""

    def create_mcp_server(self) -> Any:
        server = super().create_mcp_server()
        server.instructions = INSTRUCTIONS
        server.list_tools()(self._listed)  # these two take the place of Gradio's
        server.call_tool(validate_input=False)(self._called)  # the endpoints check, in sentences
        return server

    def get_input_schema(
        self, tool_name: str, parameters: dict[str, str] | None = None
    ) -> tuple[dict[str, Any], list[list[str | int]]]:
        """Also what /gradio_api/mcp/schema says. Nothing in it is a file of Gradio's, hence the empty list."""
        properties: dict[str, Any] = {}
        for each in self._parameters(tool_name):
            name, kind = each["parameter_name"], dict(each["type"])
            if name == "clip":
                properties[name] = dict(_CLIP)
                continue
            about = each["label"]
            if name in ("policy", "left", "right"):  # more than those that are listed
                about += f": {', '.join(kind.pop('enum'))}; {_NUMBER}"
            if name == "segments":
                kind["type"] = "integer"
            properties[name] = kind | {"description": about, "default": each["parameter_default"]}
        return {"type": "object", "properties": properties, "required": ["clip"], "additionalProperties": False}, []

    def get_fn_description(self, block_fn: Any, tool_name: str) -> tuple[str, dict[str, str]]:
        return _ABOUT[self.tool_to_endpoint[tool_name].lstrip("/")], {}

    def _parameters(self, tool_name: str) -> list[Any]:
        return list(self.api_info["named_endpoints"][self.tool_to_endpoint[tool_name]]["parameters"])

    async def _listed(self) -> list[types.Tool]:
        tools = []
        for name, endpoint in self.tool_to_endpoint.items():
            function = self.get_block_fn_from_endpoint_name(endpoint)
            assert function is not None, "an endpoint has a function"
            about, _ = self.get_fn_description(function, name)
            tools.append(
                types.Tool(
                    name=name,
                    description=about,
                    inputSchema=self.get_input_schema(name)[0],
                    outputSchema=TypeAdapter(_ANSWERS[endpoint.lstrip("/")]).json_schema(),
                    annotations=types.ToolAnnotations(readOnlyHint=True, openWorldHint=True),
                )
            )
        return tools

    async def _called(self, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        endpoint = self.tool_to_endpoint.get(name)
        if endpoint is None:
            return _refused(f"There is no tool {name!r}; there are {', '.join(self.tool_to_endpoint)}.")
        function = self.get_block_fn_from_endpoint_name(endpoint)
        assert function is not None, "an endpoint has a function"
        asked = {each["parameter_name"]: each.get("parameter_default") for each in self._parameters(name)}
        if strange := sorted(set(arguments) - set(asked)):
            return _refused(f"{strange[0]!r} is no argument of {name}; it takes {', '.join(asked)}.")
        if not isinstance(arguments.get("clip"), str):
            return _refused("clip is missing: the public https address of a video or sound file, as a text.")
        context = self.mcp_server.request_context
        request = context.request
        try:
            async with _notified(context):
                answer = await self.blocks.process_api(
                    function,
                    list((asked | arguments).values()),
                    state=SessionState(self.blocks),
                    # Behind one address, as at home, all agents are one visitor.
                    request=gr.Request(request=request, session_hash="agents"),
                )
            (made,) = answer["data"]
            if endpoint == "/export":
                return self._handed_out(made, request)
            values = made.root  # of what Gradio wraps JSON in
            if endpoint == "/analyze":
                return _answered(digest(values))
            return _answered(
                PairDigest(left=digest(values["left"]), right=digest(values["right"]), sentence=values["sentence"])
            )
        except gr.Error as error:
            return _refused(str(error.message))
        except Exception as error:
            return _refused(failed("a call of a tool", error))

    def _handed_out(self, made: Any, request: Any) -> types.CallToolResult:
        root = route_utils.get_root_url(
            request=request, route_path=self.get_route_path(request), root_path=self.root_path
        )
        (file,) = processing_utils.add_root_url([made], root, None)
        link = types.ResourceLink(type="resource_link", uri=file["url"], name=file["orig_name"], size=file.get("size"))
        answer = _answered({"url": file["url"], "name": file["orig_name"], "size": file.get("size")})
        return answer.model_copy(update={"content": [*answer.content, link]})


@asynccontextmanager
async def _notified(context: Any) -> AsyncIterator[None]:
    """A client that gave a token for it is told how far its call is.

    The call does not wait for a client that reads slowly, or not at all: that one misses what was said meanwhile.
    """
    token = context.meta.progressToken if context.meta else None
    if token is None:
        yield
        return
    news, latest = asyncio.Event(), (0.0, "")

    def heard(share: float, message: str) -> None:
        nonlocal latest
        latest = share, message
        news.set()

    async def notify() -> None:
        said = 0.0
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):  # it has left
            while await news.wait():
                news.clear()
                share, message = latest
                said = max(share, said + _GROWTH)
                await context.session.send_progress_notification(token, said, 1.0, message, str(context.request_id))

    notifying = asyncio.create_task(notify())
    try:
        with heard_by(heard):
            yield
    finally:
        notifying.cancel()


def _answered(said: Any) -> types.CallToolResult:
    text = types.TextContent(type="text", text=json.dumps(said, ensure_ascii=False))
    return types.CallToolResult(content=[text], structuredContent=dict(said))


def _refused(reason: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=reason)], isError=True)
