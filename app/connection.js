// What happens when the connection to the server breaks. Gradio would load the page anew as soon as the server answers
// again, and all that is shown would go with it. Here it hears instead that what it waits for has ended, so that the page
// stays as it is; the visitor hears that the connection was lost, how far the analysis came, and, once a server answers,
// can have it made again. Runs once, for the whole page.
const ask = window.fetch.bind(window);
const LOST = "The connection to the server was lost.";
const BACK = "The server answers again.";
const AGAIN_MS = 2000;
const waiting = new Set(); // events that the server has taken and not answered to the end
const text = new TextEncoder();
const box = () => document.querySelector(".lost");
const button = () => box().querySelector("button");
let session = null;
let server = window.gradio_config?.app_id; // another one after every start
let gone = false; // no server answers, or one that knows nothing of this page
let leaving = false; // what breaks because the page is left for another one is no fault
window.addEventListener("pagehide", () => { leaving = true; });
window.addEventListener("pageshow", () => { leaving = false; });

// For Gradio, each of the events has ended, and then the stream of answers. It shows every error but a list of them: that
// is how it takes what a form lacks.
function farewell() {
  const ended = [...waiting].map((id) => ({ msg: "process_completed", event_id: id, success: false, output: { error: [] } }));
  waiting.clear();
  return text.encode([...ended, { msg: "close_stream" }].map((said) => `data: ${JSON.stringify(said)}\n\n`).join(""));
}
const refusal = () => Response.json({ detail: [], error: [] }, { status: 422 });

// The stream of answers as it comes; where it breaks off while something is waited for, it ends with a farewell.
function watched(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let closed = false;
  const cut = () => reader.cancel().catch(() => {});
  window.addEventListener("offline", cut);
  const note = (value) => {
    const pieces = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = pieces.pop();
    for (const piece of pieces) {
      if (piece.includes('"close_stream"')) closed = true;
      if (piece.includes('"process_completed"')) waiting.delete(JSON.parse(piece.slice(piece.indexOf("{"))).event_id);
    }
  };
  return new ReadableStream({
    async pull(out) {
      try {
        const { value, done } = await reader.read();
        if (!done) {
          note(value);
          return out.enqueue(value);
        }
      } catch (error) {
        if (error.name === "AbortError") {
          window.removeEventListener("offline", cut);
          return out.error(error);
        }
      }
      window.removeEventListener("offline", cut);
      if (!closed && waiting.size) {
        lose();
        out.enqueue(farewell());
      }
      out.close();
    },
    cancel(reason) {
      window.removeEventListener("offline", cut);
      return reader.cancel(reason);
    },
  });
}

window.fetch = async (what, options) => {
  const url = String(what?.url ?? what);
  const answers = url.includes("/queue/data");
  const joins = url.includes("/queue/join");
  const asks = joins || url.includes("gradio_api/run/");
  if (!asks && !answers) return ask(what, options);
  if (asks && gone) return refusal();
  let answer;
  try {
    answer = await ask(what, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    lose();
    return asks ? refusal() : new Response(farewell(), { headers: { "content-type": "text/event-stream" } });
  }
  if (!answer.ok) return answer;
  if (joins) {
    const { event_id: id } = await answer.clone().json();
    if (id) waiting.add(id);
    return answer;
  }
  if (!answers) return answer;
  session = new URL(url, location.href).searchParams.get("session_hash");
  return new Response(watched(answer.body), { status: answer.status, headers: answer.headers });
};

function lose() {
  if (gone || leaving) return;
  gone = true;
  const live = document.querySelector(".tl.is-live");
  const all = Array.from(live?.querySelectorAll(".tl-seg") ?? []);
  const done = all.filter((segment) => segment.dataset.label).length;
  const kept = live ? `The analysis stopped with ${done} of ${all.length} segments answered, which stay here.` : "What is shown stays here.";
  const say = (more) => { box().querySelector("p").textContent = `${LOST} ${kept} ${more}`; };
  document.body.classList.add("is-lost");
  box().hidden = false;
  button().hidden = true;
  say("Waiting for the server …");
  document.dispatchEvent(new Event("connection-lost"));
  const look = async () => {
    const answer = await ask("gradio_api/app_id", { cache: "no-store" }).then((found) => found.ok && found.json(), () => null);
    if (!document.body.classList.contains("is-lost")) return; // another clip has been sent meanwhile
    if (!answer) return setTimeout(look, AGAIN_MS);
    stay();
    // A server that was started anew knows nothing of what is shown here: until it is given the clip it is not asked.
    gone = answer.app_id !== server;
    server = answer.app_id;
    if (!gone) document.dispatchEvent(new Event("connection-back"));
    const unfinished = document.querySelector(":is(#status, #rivals, #compared, #taken) :is(.is-running, .is-waiting)");
    if (!gone && !unfinished && !("sent" in document.body.dataset)) return found();
    say(BACK);
    button().hidden = false;
  };
  setTimeout(look, AGAIN_MS);
}
function found() {
  gone = false;
  if (box()) box().hidden = true;
  document.body.classList.remove("is-lost");
}

// While this is open the server knows that the tab is; when it ends, it deletes what the tab has uploaded.
async function stay() {
  if (!session) return;
  const answer = await ask(`gradio_api/heartbeat/${session}`).catch(() => null);
  const reader = answer?.body?.getReader();
  const on = () => reader.read().then(({ done }) => (done ? null : on()), () => null);
  if (reader) on();
}
// `source.js` sends what was sent last once more, and says so like of any other clip.
document.addEventListener("sending", found);
