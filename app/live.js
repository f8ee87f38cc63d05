// Live: camera and microphone while they are switched on. Each piece is a recording of its own of about one segment. It is
// uploaded like any clip and answered by the server (see `live.py`); while one is on its way the next one waits, and what
// comes after replaces it, so that nothing piles up. Runs once with `element` as the panel's box.
const KINDS = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
const MARGIN = 0.15; // seconds that a camera takes to begin
const QUIET_MS = 4000; // between two answers that are read aloud
const WANTED = {
  video: { width: { ideal: 640 }, frameRate: { ideal: 30 } },
  // What is made for calls takes everything but speech for noise.
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};
const WHY = {
  NotAllowedError: "The browser was not allowed to use camera and microphone. Allow it in the address bar and start again.",
  NotFoundError: "No camera or microphone was found.",
  NotReadableError: "Another program is using camera or microphone.",
  lacking: "This browser cannot record.",
  insecure: "Browsers hand out camera and microphone on https pages only.",
};
const STOPPED = "Camera and microphone are off.";
const LOST = "The connection to the server was lost, so camera and microphone were switched off.";
const find = (selector) => element.querySelector(selector);
const card = () => element.closest("#live-card");
const opener = () => document.querySelector("[data-live]");
let run = 0; // another number for every time it is switched on
let on = null; // what is on

async function start() {
  const mine = { run: (run += 1), number: 0, ends: new Map(), began: 0, said: "", saidAt: -QUIET_MS };
  off("");
  on = mine;
  find("[data-live-start]").hidden = true;
  let stream;
  try {
    if (!window.MediaRecorder) throw new DOMException("", "lacking");
    if (!navigator.mediaDevices) throw new DOMException("", "insecure");
    stream = await navigator.mediaDevices.getUserMedia(WANTED);
  } catch (error) {
    if (on === mine) off(WHY[error.name] ?? "Camera and microphone could not be used.");
    return;
  }
  const stopTracks = () => { for (const track of stream.getTracks()) track.stop(); };
  if (on !== mine) return stopTracks();
  Object.assign(mine, { stream, stopTracks, abort: new AbortController() });
  for (const track of stream.getTracks()) track.onended = () => { if (on === mine) off("The browser ended camera or microphone."); };
  find("video").srcObject = stream;
  find(".live-on").hidden = false;
  opener().toggleAttribute("data-on", true);
  find("[data-live-stop]").focus({ preventScroll: true });
  trigger("live_begin", { run: mine.run });
}

// Camera and microphone are released at once, and what was not sent yet never is. `why` is empty where it was asked for.
function off(why) {
  const mine = on;
  on = null;
  if (mine?.stream) {
    clearTimeout(mine.clock);
    mine.stopTracks();
    mine.abort.abort();
    trigger("live_end", { run: mine.run });
  }
  find("video").srcObject = null;
  opener()?.removeAttribute("data-on");
  const had = find(".live-on").contains(document.activeElement);
  find(".live-on").hidden = true;
  find(".live-off").textContent = why;
  find(".live-off").hidden = !why;
  find("[data-live-start]").hidden = false;
  if (had) find("[data-live-start]").focus({ preventScroll: true });
}

function record(mine, seconds) {
  const number = mine.number++;
  const parts = [];
  const kind = KINDS.find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(mine.stream, { mimeType: kind, videoBitsPerSecond: 1_000_000 });
  const began = performance.now();
  mine.began ||= began;
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = () => {
    if (on !== mine) return;
    mine.ends.set(number, performance.now());
    const type = kind.split(";")[0];
    const file = new File(parts, type === "video/mp4" ? "piece.mp4" : "piece.webm", { type });
    send(mine, { file, number, start: (began - mine.began) / 1000 });
  };
  recorder.start();
  mine.clock = setTimeout(() => {
    record(mine, seconds); // the next one first, so that nothing lies between them
    recorder.stop();
  }, 1000 * (seconds + MARGIN));
}

async function send(mine, piece) {
  if (mine.sending) {
    mine.next = piece;
    return;
  }
  mine.sending = true;
  const form = new FormData();
  form.append("files", piece.file);
  try {
    const answer = await fetch("gradio_api/upload", { method: "POST", body: form, signal: mine.abort.signal });
    if (answer.ok) {
      const [path] = await answer.json();
      trigger("live_piece", { run: mine.run, path, number: piece.number, start: piece.start });
    } else if (on === mine) {
      const why = answer.status === 507 ? "There is no room for uploads just now" : "The server refused a piece";
      off(`${why}, so camera and microphone were switched off.`);
    }
  } catch {
    if (on === mine) off(LOST);
  }
  mine.sending = false;
  const { next } = mine;
  mine.next = null;
  if (next && on === mine) send(mine, next);
}

// What the server says: it is ready, it ends it, or a piece was answered.
document.addEventListener("live-shown", () => {
  const said = document.querySelector("#live-shown .live-now");
  if (!on?.stream || !said || Number(said.dataset.run) !== on.run) return;
  const { seconds, ended, number, label, say } = said.dataset;
  if (ended) return off(ended);
  if (seconds && !on.clock) record(on, Number(seconds));
  if (number !== undefined) {
    on.behind = (performance.now() - on.ends.get(Number(number))) / 1000;
    for (const each of on.ends.keys()) if (each <= Number(number)) on.ends.delete(each);
    // An answer is read aloud when it is another one, and not in a row.
    if (label && label !== on.said && performance.now() - on.saidAt > QUIET_MS) {
      on.said = label;
      on.saidAt = performance.now();
      find("[role=status]").textContent = say;
    }
  }
  const behind = said.querySelector("[data-behind]");
  if (behind && on.behind !== undefined) behind.textContent = `${on.behind.toFixed(1)} s`;
});

function open() {
  card().setAttribute("role", "region");
  card().setAttribute("aria-label", "Live");
  card().toggleAttribute("data-open", true);
  opener().setAttribute("aria-expanded", "true");
  find("[data-live-close]").focus({ preventScroll: true });
  start();
}
function close() {
  off("");
  card().removeAttribute("data-open");
  opener().setAttribute("aria-expanded", "false");
  opener().focus({ preventScroll: true });
}
document.addEventListener("click", (event) => {
  if (!element.isConnected || !(event.target instanceof Element)) return;
  if (event.target.closest("[data-live]")) card().hasAttribute("data-open") ? close() : open();
  else if (event.target.closest("[data-live-close]")) close();
  else if (event.target.closest("[data-live-stop]")) off(STOPPED);
  else if (event.target.closest("[data-live-start]")) start();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && element.isConnected && card().contains(event.target)) close();
});
document.addEventListener("connection-lost", () => { if (on?.stream) off(LOST); });
document.addEventListener("visibilitychange", () => {
  if (document.hidden && on?.stream) off("You left this tab, so camera and microphone were switched off.");
});
window.addEventListener("pagehide", () => { if (on) off(STOPPED); });
