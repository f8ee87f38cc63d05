// Ways to bring a clip: choose a file, drop one anywhere on the page, or record one with camera and microphone. All end in
// `send`, which shows the clip at once and uploads it. Runs once with `element` as the box; ACCEPT is put in by the page.
const TYPES = "ACCEPT";
const SECONDS = 15;
const incoming = () => document.querySelector("#incoming .incoming");
const input = () => element.querySelector("input[type=file]");
const say = (text) => { element.querySelector(".record-say").textContent = text; };
function complain(text, again = false) {
  const problem = document.querySelector(".incoming-problem");
  problem.textContent = text;
  problem.hidden = !text;
  if (!again) return;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "small-button", textContent: "Try again" });
  button.dataset.sendAgain = "";
  problem.append(" ", button);
}
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

function fits(file) {
  const suffix = file.name.slice(file.name.lastIndexOf(".")).toLowerCase();
  return /^(video|audio)\//.test(file.type) || TYPES.split(",").includes(suffix);
}

// How long a file lasts, before it is uploaded; NaN where this browser cannot tell, and then the server does.
const PATIENCE = 3000;
const lengthOf = (video) => new Promise((tell) => {
  const said = () => { for (const kind of KINDS) video.removeEventListener(kind, said); clearTimeout(late); tell(video.duration); };
  const KINDS = ["loadedmetadata", "error"];
  const late = setTimeout(said, PATIENCE);
  for (const kind of KINDS) video.addEventListener(kind, said);
});

let request = null;
let shown = null;
let coming = null; // the file that is looked at, or sent
function done() {
  request = coming = null;
  incoming().hidden = true;
  document.body.classList.remove("is-uploading");
  const video = incoming().querySelector("video");
  video.removeAttribute("src");
  video.load();
  if (shown) URL.revokeObjectURL(shown);
  shown = null;
}
async function take(file) {
  stopSending();
  complain("");
  offerPart(null);
  if (!fits(file)) return complain(`${file.name} is no video or sound file, so it was not uploaded.`);
  const { longest, mostBytes } = input().dataset;
  if (file.size > Number(mostBytes)) {
    return complain(`${file.name} has ${megabytes(file.size)} MB, and this page takes up to ${mostBytes / 1e6} MB, so it was not uploaded.`);
  }
  const video = preview(file);
  incoming().querySelector("[role=status]").textContent = `${file.name}: 0.0 of ${megabytes(file.size)} MB`;
  incoming().querySelector("progress").value = 0;
  coming = file;
  const length = await lengthOf(video);
  if (coming !== file) return;
  if (!Number.isFinite(length) || length <= Number(longest) + 0.5) return send(file);
  done();
  offerPart({ name: file.name, duration: length, file });
}
function preview(file, start = 0) {
  const video = incoming().querySelector("video");
  shown = URL.createObjectURL(file);
  video.src = start ? `${shown}#t=${start}` : shown;
  incoming().hidden = false;
  document.body.classList.add("is-uploading");
  return video;
}
const offerPart = (offer) => document.dispatchEvent(new CustomEvent("part-offer", { detail: offer }));
function stopSending() {
  if (request) request.abort();
  else if (coming) done();
}
// What was sent last, or the example that was pressed: where the connection breaks it can be sent again.
let last = null;
function remember(what) {
  last = what;
  keep(what);
  say("");
  document.body.dataset.sent = "";
  document.dispatchEvent(new Event("sending"));
}
// A page that is loaded anew begins with its example, and clips of one's own are deleted by then. Until the tab is closed
// it knows what was shown, and says how to have it again.
const KEPT = "clip";
function keep({ file, example }) {
  try {
    const name = file ? file.name : example.textContent.split(":")[0].trim();
    sessionStorage.setItem(KEPT, JSON.stringify({ name, own: Boolean(file) }));
  } catch { /* a browser that keeps nothing */ }
}
function recall() {
  const loaded = performance.getEntriesByType("navigation")[0]?.type;
  if (loaded !== "reload" || /[?&](clip|archived)=/.test(location.search)) return;
  let was = null;
  try { was = JSON.parse(sessionStorage.getItem(KEPT)); } catch { /* likewise */ }
  if (!was) return;
  const gone = was.own ? "was deleted with its result, so it has to be chosen once more" : "has to be analyzed once more";
  say(`The page was loaded anew: ${was.name} ${gone}. `);
  const button = Object.assign(document.createElement("button"), { type: "button", className: "link-button" });
  button.textContent = was.own ? "Choose it" : "Analyze it";
  button.addEventListener("click", () => {
    const examples = Array.from(document.querySelectorAll("button.example"));
    if (was.own) input().click();
    else examples.find((each) => each.textContent.trim().startsWith(was.name))?.click();
  });
  element.querySelector(".record-say").append(button);
}
// `part`: the seconds of it that are asked for, where that is not all. `again`: with everything else as it was.
function send(file, part = {}, again = false) {
  coming = file;
  complain("");
  remember({ file, part });
  const line = incoming().querySelector("[role=status]");
  const bar = incoming().querySelector("progress");
  const began = performance.now();
  const tell = (loaded) => {
    const spent = (performance.now() - began) / 1000;
    const rest = loaded && spent > 1 ? spent * (file.size / loaded - 1) : 0;
    const left = rest > 1.5 ? `, about ${Math.round(rest)} s left` : "";
    line.textContent = `${file.name}: ${megabytes(loaded)} of ${megabytes(file.size)} MB${left}`;
    bar.value = file.size ? (100 * loaded) / file.size : 100;
  };
  tell(0);
  const form = new FormData();
  form.append("files", file);
  const sending = new XMLHttpRequest();
  request = sending;
  sending.open("POST", "gradio_api/upload");
  sending.upload.onprogress = (event) => tell(Math.min(event.loaded, file.size));
  sending.onload = () => {
    done();
    if (sending.status === 200) return trigger("arrived", { path: JSON.parse(sending.responseText)[0], again, ...part });
    const why = { 413: "it is larger than this page takes", 507: "there is no room for uploads just now" }[sending.status];
    complain(`${file.name} was not taken: ${why ?? "the server refused it. Please try again"}.`);
  };
  sending.onerror = () => { done(); complain(`The connection broke while ${file.name} was sent, so it was cut off.`, true); };
  sending.onabort = done;
  sending.send(form);
}
document.addEventListener("click", (event) => {
  if (element.isConnected && event.target.closest("#incoming [data-stop]")) stopSending();
});
document.addEventListener("part-chosen", (event) => {
  if (!element.isConnected) return;
  const { file, path, start, end } = event.detail;
  if (!file) {
    if (last?.file) last.part = { start, end };
    return trigger("arrived", { path, start, end });
  }
  preview(file, start);
  send(file, { start, end });
});
// What is asked for afterwards has its own say, see #status in the style sheet.
document.addEventListener("click", (event) => {
  if (element.isConnected && event.target.closest?.("button.example, #again, #continue, #model-choice label")) complain("");
});
document.addEventListener("click", (event) => {
  const pressed = element.isConnected && event.target.closest?.("button.example");
  if (pressed) remember({ example: pressed });
});
function sendAgain() {
  if (last?.file) {
    preview(last.file, last.part.start);
    send(last.file, last.part, true);
  } else if (last?.example) last.example.click();
  else location.reload(); // the clip that the page came with, or that of a link
}
document.addEventListener("click", (event) => {
  if (element.isConnected && event.target.closest?.("[data-send-again]")) sendAgain();
});
input().accept = TYPES;
element.querySelector("#upload").addEventListener("click", () => input().click());
input().addEventListener("change", (event) => {
  const file = event.target.files[0];
  if (file) take(file);
  event.target.value = ""; // the same file again is a change again
});

recall();

let inside = 0;
const carries = (event) => Array.from(event.dataTransfer?.types ?? []).includes("Files");
const listen = (kind, act) => document.addEventListener(kind, (event) => {
  if (!element.isConnected || !carries(event)) return;
  event.preventDefault();
  act(event);
});
listen("dragenter", () => { inside += 1; document.body.classList.add("is-dropping"); });
listen("dragleave", () => { inside -= 1; if (inside <= 0) document.body.classList.remove("is-dropping"); });
listen("dragover", () => {});
listen("drop", (event) => {
  inside = 0;
  document.body.classList.remove("is-dropping");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
});

let stop = null; // ends what is counted down or recorded
async function record() {
  const button = element.querySelector("[data-record]");
  const box = element.querySelector(".record-box");
  const mirror = element.querySelector("video");
  if (stop) return stop();
  let stream;
  say("Starting camera and microphone …");
  try {
    if (!navigator.mediaDevices) throw new DOMException("", "NotFoundError");
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 } }, audio: true });
  } catch (error) {
    const denied = error.name === "NotAllowedError";
    say(denied ? "The browser was not allowed to use camera and microphone. Allow it in the address bar and try again."
      : "No camera or microphone was found. Choose a file instead.");
    return;
  }
  mirror.srcObject = stream;
  box.hidden = false;
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    box.hidden = true;
    button.textContent = "Record";
    say("");
    stop = null;
  };
  button.textContent = "Cancel";
  if (!(await countdown(close))) return;
  const pieces = [];
  const kinds = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
  const mimeType = kinds.find((kind) => MediaRecorder.isTypeSupported(kind));
  const recorder = new MediaRecorder(stream, { mimeType });
  recorder.ondataavailable = (event) => pieces.push(event.data);
  let left = SECONDS;
  const show = () => say(`Recording with sound, ${left} s left. Press Stop to use what you have.`);
  const clock = setInterval(() => { left -= 1; if (left <= 0) recorder.stop(); else show(); }, 1000);
  recorder.onstop = () => {
    clearInterval(clock);
    close();
    const kind = mimeType.split(";")[0];
    take(new File(pieces, kind === "video/mp4" ? "recording.mp4" : "recording.webm", { type: kind }));
  };
  stop = () => recorder.stop();
  button.textContent = "Stop";
  show();
  recorder.start();
}
// Three seconds to get ready; false when somebody thought better of it.
function countdown(close) {
  return new Promise((ready) => {
    let left = 3;
    const show = () => say(`Recording starts in ${left} …`);
    const clock = setInterval(() => { left -= 1; if (left) return show(); clearInterval(clock); ready(true); }, 1000);
    stop = () => { clearInterval(clock); close(); ready(false); };
    show();
  });
}
element.addEventListener("click", (event) => { if (event.target.closest("[data-record]")) record(); });
