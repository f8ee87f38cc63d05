// A clip that is longer than what is analyzed at once: its filmstrip, with a frame of the length that is, to be dragged
// or moved by keys. `source.js` offers a file by the event "part-offer", the server by the value of this component; what
// was chosen goes back to `source.js` as "part-chosen". Runs once with `element` as the component's box.
const box = () => element.querySelector(".part");
const slider = () => element.querySelector(".part-window");
let offer = null; // { name, duration, start, file } or { name, duration, start, path, url }
let local = null; // address of the file in this browser
const longest = () => Number(box().dataset.longest);
const room = () => Math.max(offer.duration - longest(), 0);

function clock(time) {
  const whole = Math.floor(time + 1e-6);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
function spoken(time) {
  const whole = Math.floor(time + 1e-6);
  const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
  const said = parts.filter(([number]) => number).map(([number, noun]) => `${number} ${noun}${number === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}

function move(start) {
  offer.start = Math.round(10 * Math.min(Math.max(start, 0), room())) / 10;
  const end = Math.min(offer.start + longest(), offer.duration);
  const handle = slider();
  handle.style.left = `${(100 * offer.start) / offer.duration}%`;
  handle.setAttribute("aria-valuenow", offer.start.toFixed(1));
  handle.setAttribute("aria-valuetext", `from ${spoken(offer.start)} to ${spoken(end)}`);
  const label = handle.querySelector("span");
  label.textContent = `${clock(offer.start)} to ${clock(end)}`;
  // In the middle of the frame, as far as the ends of the strip allow.
  const strip = element.querySelector(".part-film").clientWidth;
  const middle = (strip * (offer.start + end)) / 2 / offer.duration;
  const half = label.offsetWidth / 2;
  label.style.marginLeft = `${Math.min(Math.max(middle, half), strip - half) - middle}px`;
}

function open(offered) {
  close();
  offer = { start: 0, ...offered };
  if (offer.file) local = URL.createObjectURL(offer.file);
  box().hidden = false;
  element.querySelector(".part-say").textContent =
    `${offer.name} lasts ${clock(offer.duration)}, and up to ${clock(longest())} of it can be analyzed at once. Which part?`;
  const handle = slider();
  handle.style.width = `${(100 * Math.min(longest(), offer.duration)) / offer.duration}%`;
  handle.setAttribute("aria-valuemax", room().toFixed(1));
  const axis = element.querySelector(".part-axis");
  axis.replaceChildren(...[0, 1, 2, 3, 4].map((quarter) => {
    const mark = document.createElement("span");
    mark.textContent = clock((offer.duration * quarter) / 4);
    return mark;
  }));
  move(offer.start);
  film(local ?? offer.url);
  box().scrollIntoView({ block: "nearest" });
  handle.focus({ preventScroll: true });
}
function close() {
  if (local) URL.revokeObjectURL(local);
  offer = local = null;
  if (box()) box().hidden = true;
}

// One picture after the other; what the browser cannot play has an empty strip, which can be chosen from as well.
async function film(url) {
  const mine = offer;
  const canvas = element.querySelector("canvas");
  const paint = canvas.getContext("2d");
  const count = Math.max(5, Math.round(canvas.clientWidth / 92));
  Object.assign(canvas, { width: count * 128, height: 80 });
  const video = document.createElement("video");
  Object.assign(video, { muted: true, preload: "auto", src: url });
  const next = (kind) => new Promise((done, failed) => {
    const settle = () => { video.removeEventListener(kind, settle); video.removeEventListener("error", settle); (video.error ? failed : done)(); };
    video.addEventListener(kind, settle);
    video.addEventListener("error", settle);
  });
  try {
    await next("loadeddata");
    const { videoWidth: width, videoHeight: height } = video;
    const scale = Math.max(128 / width, 80 / height);
    for (let i = 0; i < count && width && offer === mine; i += 1) {
      const seeked = next("seeked");
      video.currentTime = ((i + 0.5) * mine.duration) / count;
      await seeked;
      if (offer !== mine) break;
      const [cutWidth, cutHeight] = [128 / scale, 80 / scale];
      paint.drawImage(video, (width - cutWidth) / 2, (height - cutHeight) / 2, cutWidth, cutHeight, i * 128, 0, 127, 80);
      canvas.dataset.drawn = String(i + 1); // tests wait for it
    }
  } catch { /* it cannot be played here */ }
  video.removeAttribute("src");
  video.load();
}

// Pressing beside the frame brings it there; from then on it is dragged.
let held = null; // seconds from the frame's start to the finger
const timeAt = (x) => {
  const strip = element.querySelector(".part-film").getBoundingClientRect();
  return ((x - strip.left) / strip.width) * offer.duration;
};
element.addEventListener("pointerdown", (event) => {
  const strip = event.target.closest(".part-film");
  if (!strip || !offer || event.button !== 0) return;
  const time = timeAt(event.clientX);
  const inside = time >= offer.start && time <= offer.start + longest();
  held = inside ? time - offer.start : longest() / 2;
  strip.setPointerCapture(event.pointerId);
  move(time - held);
  slider().focus({ preventScroll: true });
  event.preventDefault();
});
element.addEventListener("pointermove", (event) => { if (held !== null && offer) move(timeAt(event.clientX) - held); });
for (const kind of ["pointerup", "pointercancel"]) element.addEventListener(kind, () => { held = null; });
element.addEventListener("keydown", (event) => {
  if (!offer) return;
  if (event.key === "Escape") close();
  if (!event.target.closest(".part-window")) return;
  const far = longest() / 2;
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: far, PageDown: -far }[event.key];
  if (step) move(offer.start + step);
  else if (event.key === "Home" || event.key === "End") move(event.key === "Home" ? 0 : room());
  else if (event.key === "Enter") choose();
  else return;
  event.preventDefault();
});
function choose() {
  const { file, path, start, duration } = offer;
  const end = Math.min(start + longest(), duration);
  close();
  document.dispatchEvent(new CustomEvent("part-chosen", { detail: { file, path, start, end } }));
}
element.addEventListener("click", (event) => {
  if (event.target.closest("[data-part-analyze]")) choose();
  else if (event.target.closest("[data-part-close]")) close();
});

document.addEventListener("part-offer", (event) => {
  if (!element.isConnected) return;
  if (event.detail) open(event.detail);
  else close();
});
document.addEventListener("click", (event) => {
  const again = element.isConnected && event.target.closest?.("[data-another-part]");
  if (again) open(JSON.parse(again.dataset.offer));
});
watch("value", () => {
  const offered = box()?.dataset.offer;
  if (offered) open(JSON.parse(offered));
  else close();
});
