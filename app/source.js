// Ways to bring a clip besides the button: drop a file anywhere on the page, or record one with camera and microphone.
// Both end in the upload button's own file input, so that there is one way in. Runs once with `element` as the box.
const SECONDS = 15;
const input = () => document.querySelector("#ways input[type=file]");
const say = (text) => { element.querySelector(".record-say").textContent = text; };

function hand(file) {
  const files = new DataTransfer();
  files.items.add(file);
  const target = input();
  target.files = files.files;
  target.dispatchEvent(new Event("change", { bubbles: true }));
}

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
  if (event.dataTransfer.files.length) hand(event.dataTransfer.files[0]);
});

let recorder = null;
async function record() {
  const button = element.querySelector("[data-record]");
  const box = element.querySelector(".record-box");
  const mirror = element.querySelector("video");
  if (recorder) return recorder.stop();
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
  const pieces = [];
  const kinds = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
  const mimeType = kinds.find((kind) => MediaRecorder.isTypeSupported(kind));
  recorder = new MediaRecorder(stream, { mimeType });
  recorder.ondataavailable = (event) => pieces.push(event.data);
  let left = SECONDS;
  const show = () => say(`Recording with sound, ${left} s left. Press Stop to use what you have.`);
  const clock = setInterval(() => { left -= 1; if (left <= 0) recorder?.stop(); else show(); }, 1000);
  recorder.onstop = () => {
    clearInterval(clock);
    for (const track of stream.getTracks()) track.stop();
    box.hidden = true;
    button.textContent = "Record";
    say("");
    recorder = null;
    const kind = mimeType.split(";")[0];
    hand(new File(pieces, kind === "video/mp4" ? "recording.mp4" : "recording.webm", { type: kind }));
  };
  mirror.srcObject = stream;
  box.hidden = false;
  button.textContent = "Stop";
  show();
  recorder.start();
}
element.addEventListener("click", (event) => { if (event.target.closest("[data-record]")) record(); });
