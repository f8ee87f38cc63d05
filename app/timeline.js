// Makes the timeline answer: one playhead through all lanes, seeking by click or key, one tab stop with arrow keys.
//
// Runs once, when Gradio puts the component on the page, with `element` as the component's box. Its content is replaced
// with every result, so nothing below keeps hold of what lies inside: all listeners sit on the box or on the document.

const player = () => document.getElementById("clip-player");
const segments = () => Array.from(element.querySelectorAll(".tl-seg"));
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

function seek(time) {
  const media = player();
  if (!media || !Number.isFinite(time)) return;
  // Until the browser knows the file it drops a new position silently.
  if (media.readyState === 0) {
    media.addEventListener("loadedmetadata", () => { media.currentTime = time; draw(time); }, { once: true });
    media.load();
  } else {
    media.currentTime = time;
  }
  draw(time);
}

// The segment under a moment. Where segments overlap, the one that was pressed last speaks until it is over, and
// otherwise the one whose centre is nearest.
let pressed = -1;
function at(time) {
  const here = segments().filter((s) => time >= Number(s.dataset.start) - 0.01 && time < Number(s.dataset.end));
  const asked = here.find((s) => Number(s.dataset.index) === pressed);
  if (asked) return asked;
  pressed = -1;
  const away = (s) => Math.abs((Number(s.dataset.start) + Number(s.dataset.end)) / 2 - time);
  return here.sort((a, b) => away(a) - away(b))[0];
}

function draw(time) {
  const timeline = element.querySelector(".tl");
  const head = element.querySelector(".tl-playhead");
  const caption = document.getElementById("clip-now");
  if (!timeline || !head) {
    if (caption) caption.textContent = "";
    return;
  }
  const share = Math.min(Math.max(time / Number(timeline.dataset.duration), 0), 1);
  head.style.left = `${100 * share}%`;
  const here = at(time);
  for (const s of segments()) s.classList.toggle("is-now", s === here);
  if (here && !element.querySelector(".tl-seg:hover, .tl-seg:focus-visible")) light(here);
  if (caption) {
    const clock = `${time.toFixed(1)} s`;
    caption.textContent = here ? `${clock} · ${here.dataset.now}` : `${clock} · not examined`;
  }
  const media = player();
  if (media && !media.paused) follow(head);
}

// The bracket that shows how far a segment really reaches: where they overlap, this is how to tell them apart.
function light(segment) {
  element.querySelectorAll(".tl-brackets i").forEach((bracket, index) => {
    bracket.classList.toggle("is-lit", index === Number(segment.dataset.index));
  });
}

// While the clip plays, the sideways scroll keeps the playhead in sight.
function follow(head) {
  const box = element.querySelector(".tl-scroll");
  const names = element.querySelector(".tl-names");
  if (!box || box.scrollWidth <= box.clientWidth || box.matches(":hover, :focus-within")) return;
  const x = head.offsetLeft + head.offsetParent.offsetLeft - box.scrollLeft;
  if (x < names.offsetWidth + 10 || x > box.clientWidth - 40) {
    box.scrollTo({ left: box.scrollLeft + x - box.clientWidth / 3, behavior: still.matches ? "auto" : "smooth" });
  }
}

function readout(text) {
  const line = element.querySelector(".tl-readout");
  if (line) line.textContent = text;
}

function move(from, to) {
  const all = segments();
  const target = all[Math.min(Math.max(to, 0), all.length - 1)];
  if (!target) return;
  for (const s of all) s.tabIndex = s === target ? 0 : -1;
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest", inline: "center", behavior: still.matches ? "auto" : "smooth" });
}

element.addEventListener("click", (event) => {
  const segment = event.target.closest(".tl-seg");
  if (segment) {
    for (const s of segments()) s.tabIndex = s === segment ? 0 : -1;
    pressed = Number(segment.dataset.index);
    seek(Number(segment.dataset.start));
    return;
  }
  // Between the segments, and on the axis, a click means that very moment.
  const track = event.target.closest(".tl-track");
  if (!track) return;
  const box = track.getBoundingClientRect();
  const duration = Number(element.querySelector(".tl").dataset.duration);
  pressed = -1;
  seek(Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * duration);
});

element.addEventListener("keydown", (event) => {
  const segment = event.target.closest(".tl-seg");
  if (!segment || event.altKey || event.ctrlKey || event.metaKey) return;
  const all = segments();
  const index = all.indexOf(segment);
  const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  move(index, to);
});

for (const kind of ["focusin", "pointerover"]) {
  element.addEventListener(kind, (event) => {
    const segment = event.target.closest(".tl-seg");
    if (!segment) return;
    readout(segment.getAttribute("aria-label"));
    light(segment);
  });
}

// Media events do not bubble, but they can be caught on the way down; so the player may come and go.
let ticking = false;
function tick() {
  const media = player();
  if (!element.isConnected || !media || media.paused) {
    ticking = false;
    return;
  }
  draw(media.currentTime);
  requestAnimationFrame(tick);
}
function onMedia(event) {
  if (!element.isConnected) {
    for (const kind of MEDIA_EVENTS) document.removeEventListener(kind, onMedia, true);
    return;
  }
  if (event.target !== player()) return;
  draw(event.target.currentTime);
  if (!event.target.paused && !ticking) {
    ticking = true;
    requestAnimationFrame(tick);
  }
}
const MEDIA_EVENTS = ["play", "playing", "pause", "seeking", "seeked", "timeupdate", "ended", "loadedmetadata"];
for (const kind of MEDIA_EVENTS) document.addEventListener(kind, onMedia, true);

watch("value", () => draw(player()?.currentTime ?? 0));
draw(player()?.currentTime ?? 0);
