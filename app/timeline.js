// Makes the timeline an instrument: a playhead through all lanes, seeking by click, drag and key, cells that can be
// switched by hand, segments that can be opened.
//
// Runs once, when Gradio puts the component on the page, with `element` as the component's box. Its content is replaced
// with every result, so nothing below keeps hold of what lies inside: all listeners sit on the box or on the document.

const player = () => document.getElementById("clip-player");
const section = () => element.querySelector(".tl");
// Where the clip is a part of a file: what the player's clock shows at the clip's start, and which time is said of it.
const offset = () => Number(player()?.dataset.offset ?? 0);
const said = (time) => time + Number(section()?.dataset.offset ?? 0);
const segments = () => Array.from(element.querySelectorAll(".tl-seg"));
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const NOUN = { rgb: "Picture", audio: "Sound" };
const isOn = (segment, modality) => ["used", "chosen"].includes(segment.dataset[modality]);
const fixed = () => section().classList.contains("is-live") || "fixed" in section().dataset; // nothing to switch
const now = () => (player()?.currentTime ?? 0) - offset(); // seconds of the clip
let selected = 0;

function seek(time) {
  const media = player();
  if (!media || !Number.isFinite(time)) return;
  // Until the browser knows the file it drops a new position silently.
  if (media.readyState === 0) {
    media.addEventListener("loadedmetadata", () => { media.currentTime = time + offset(); draw(time); }, { once: true });
    media.load();
  } else {
    media.currentTime = time + offset();
  }
  draw(time);
}

// The segment under a moment. Where segments overlap, the selected one speaks until it is over, and otherwise the one
// whose centre is nearest.
function at(time) {
  const here = segments().filter((s) => time >= Number(s.dataset.start) - 0.01 && time < Number(s.dataset.end));
  const asked = here.find((s) => Number(s.dataset.index) === selected);
  if (asked) return asked;
  const away = (s) => Math.abs((Number(s.dataset.start) + Number(s.dataset.end)) / 2 - time);
  return here.sort((a, b) => away(a) - away(b))[0];
}

let spoken = null; // the segment that was under the playhead last
function draw(time) {
  const timeline = section();
  const head = element.querySelector(".tl-playhead");
  const caption = document.getElementById("clip-now");
  if (!timeline || !head) {
    if (caption) caption.textContent = "";
    return;
  }
  const here = at(time);
  const share = Math.min(Math.max(time / Number(timeline.dataset.duration), 0), 1);
  head.style.left = "crowded" in timeline.dataset && here ? here.style.getPropertyValue("--c") : `${100 * share}%`;
  for (const s of segments()) s.classList.toggle("is-now", s === here);
  if (here !== spoken) {
    spoken = here;
    document.dispatchEvent(new CustomEvent("segment", { detail: here ?? null })); // the drawing of the policy follows
  }
  if (caption) {
    const clock = `${said(time).toFixed(1)} s`;
    caption.textContent = here ? `${clock} · ${here.dataset.now}` : `${clock} · not examined`;
  }
  for (const chapter of element.querySelectorAll("[data-seek]")) {
    if (time >= Number(chapter.dataset.seek) && time < Number(chapter.dataset.until)) chapter.setAttribute("aria-current", "true");
    else chapter.removeAttribute("aria-current");
  }
  const media = player();
  if (media && !media.paused) follow(head);
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

function select(index, { focus = false, scroll = false } = {}) {
  const all = segments();
  const target = all[Math.min(Math.max(index, 0), all.length - 1)];
  if (!target) return;
  selected = Number(target.dataset.index);
  for (const s of all) {
    s.tabIndex = s === target ? 0 : -1;
    s.classList.toggle("is-selected", s === target);
  }
  element.querySelectorAll(".tl-brackets i").forEach((b, i) => b.classList.toggle("is-lit", i === selected));
  bar();
  if (focus) target.focus({ preventScroll: true });
  const behavior = still.matches ? "auto" : "smooth";
  if (scroll) target.scrollIntoView({ block: "nearest", inline: "center", behavior });
  return target;
}

// What is known of the selected segment, with switches that a finger can hit.
function bar() {
  const box = element.querySelector(".tl-bar");
  const segment = segments()[selected];
  if (!box || !segment) return;
  const [start, end] = ["start", "end"].map((edge) => said(Number(segment.dataset[edge])).toFixed(1));
  const span = `${start} to ${end} s`;
  box.replaceChildren();
  const text = document.createElement("p");
  const name = document.createElement("b");
  name.textContent = `Segment ${selected + 1}`;
  text.append(name, ` ${span}, ${segment.dataset.answer}`);
  box.append(text);
  for (const modality of ["rgb", "audio"]) {
    const button = document.createElement("button");
    const missing = segment.dataset[modality] === "missing";
    button.type = "button";
    button.className = `tl-switch is-${modality}`;
    button.dataset.switch = modality;
    button.setAttribute("role", "switch");
    button.setAttribute("aria-checked", String(isOn(segment, modality)));
    button.disabled = missing || fixed();
    const knob = document.createElement("i");
    const words = document.createElement("span");
    words.textContent = `${NOUN[modality]} ${segment.dataset[`${modality}Words`]}`;
    button.append(knob, words);
    box.append(button);
  }
  const open = document.createElement("button");
  open.type = "button";
  open.className = "small-button";
  open.dataset.open = String(selected);
  open.textContent = `Open segment ${selected + 1}`;
  open.disabled = section().classList.contains("is-live");
  box.append(open);
}

// Playing goes as requests: a grid of cells, a budget, or back to the policy. Each describes the whole result and has a
// number, which the answer carries. One is on its way at a time; the newest waits for it and then goes, so that quick
// presses neither get lost nor overtake each other.
const PATIENCE = 60000; // an answer that never came must not block for ever
let request = null; // the newest without an answer
let sent = 0; // the number of the one on its way
let count = 0;
let lost = false; // the connection; what was asked for last goes when it is back
for (const [kind, now] of [["connection-lost", true], ["connection-back", false], ["sending", false]]) {
  document.addEventListener(kind, () => {
    lost = now;
    sent = 0;
    if (kind === "sending") request = null;
    send();
  });
}
function ask(what) {
  count += 1;
  request = { number: count, ...what };
  send();
}
function send() {
  if (lost || sent || !request) return;
  const number = request.number;
  sent = number;
  trigger("request", request);
  setTimeout(() => {
    if (sent !== number) return;
    sent = 0;
    if (request?.number === number) request = null;
    send();
  }, PATIENCE);
}
document.addEventListener("request", (event) => { if (element.isConnected) ask(event.detail); });
// What is taken away is what is shown: a press for a file waits until what was asked for before it has been answered.
let taking = null;
document.addEventListener("click", (event) => {
  const button = event.target.closest("#take button");
  if (!button || !request || !element.isConnected) return;
  event.stopImmediatePropagation();
  event.preventDefault();
  taking = button;
}, true);
function take() {
  if (!taking || request) return;
  const button = taking;
  taking = null;
  if (!section()?.classList.contains("is-live")) button.click();
}
function mark(segment, modality, on) {
  segment.dataset[modality] = on ? "chosen" : "skipped";
  segment.dataset[`${modality}Words`] = on ? "used by hand" : "skipped by hand";
  const cell = segment.querySelector(`.tl-${modality}`);
  cell.classList.remove("is-used", "is-chosen", "is-skipped");
  cell.classList.add(on ? "is-chosen" : "is-skipped", "is-pending");
}
function show(grid) {
  segments().forEach((s, i) => {
    for (const m of ["rgb", "audio"]) {
      const on = grid[m][i] === "1";
      if (s.dataset[m] !== "missing" && on !== isOn(s, m)) mark(s, m, on);
    }
  });
}
function flip(modality, index = selected) {
  const segment = segments()[index];
  if (!segment || fixed() || segment.dataset[modality] === "missing") return;
  mark(segment, modality, !isOn(segment, modality)); // shown at once
  select(index);
  const row = (m) => segments().map((s) => (isOn(s, m) ? "1" : "0")).join("");
  ask({ grid: { rgb: row("rgb"), audio: row("audio") } });
}
function answered() {
  const timeline = section();
  if (!timeline || timeline.classList.contains("is-live")) { // another clip
    request = taking = null;
    sent = 0;
    return;
  }
  const number = Number(timeline.dataset.request);
  if (sent && number >= sent) sent = 0;
  if (request && number >= request.number) request = null;
  if (request?.grid) show(request.grid);
  send();
  take();
}

function open(index) {
  trigger("open", { segment: index });
}

// --- pointer: press a segment to seek to its start, drag to scrub, press an icon to switch, double-click to open ---
let drag = null;
function timeAt(x) {
  const track = element.querySelector(".tl-track").getBoundingClientRect();
  const share = Math.min(Math.max((x - track.left) / track.width, 0), 1);
  if ("crowded" in section().dataset) {
    const all = segments();
    return Number(all[Math.min(Math.floor(share * all.length), all.length - 1)].dataset.start);
  }
  return share * Number(section().dataset.duration);
}
function scrub(x) {
  const time = timeAt(x);
  seek(time);
  const here = at(time);
  if (here) select(Number(here.dataset.index));
}
element.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !event.target.closest(".tl-track") || event.target.closest(".tl-badge")) return;
  // A finger on the lanes scrolls them; on the axis it scrubs.
  if (event.pointerType === "touch" && !event.target.closest(".tl-axis")) return;
  drag = { x: event.clientX, moved: false };
});
document.addEventListener("pointermove", (event) => {
  if (!drag || !element.isConnected) return;
  if (Math.abs(event.clientX - drag.x) > 4) drag.moved = true;
  if (drag.moved) scrub(event.clientX);
});
for (const kind of ["pointerup", "pointercancel"]) {
  document.addEventListener(kind, () => { if (drag) setTimeout(() => { drag = null; }, 0); });
}
element.addEventListener("click", (event) => {
  if (drag?.moved) return;
  const parts = event.target.closest("[data-parts]");
  if (parts) return scoresBy(parts.getAttribute("aria-pressed") !== "true");
  const chapter = event.target.closest("[data-seek]");
  if (chapter) {
    select(Number(chapter.dataset.segment));
    return seek(Number(chapter.dataset.seek));
  }
  const control = event.target.closest("[data-switch], [data-open]");
  if (control?.dataset.switch) return flip(control.dataset.switch);
  if (control?.dataset.open) return open(Number(control.dataset.open));
  const segment = event.target.closest(".tl-seg");
  const badge = event.target.closest(".tl-badge");
  if (segment) {
    select(Number(segment.dataset.index));
    return badge ? flip(badge.dataset.cell) : seek(Number(segment.dataset.start));
  }
  // Between the segments, and on the axis, a click means that very moment.
  if (event.target.closest(".tl-track")) scrub(event.clientX);
});
element.addEventListener("dblclick", (event) => {
  const segment = event.target.closest(".tl-seg");
  if (segment && !event.target.closest(".tl-badge")) open(Number(segment.dataset.index));
});

// The lane of scores shows one line per class, or what the eye and the ear each gave the answer.
let byParts = false;
function scoresBy(parts) {
  byParts = parts;
  element.querySelector("[data-parts]")?.setAttribute("aria-pressed", String(parts));
  for (const each of element.querySelectorAll("[data-scores]")) each.hidden = (each.dataset.scores === "parts") !== parts;
  document.dispatchEvent(new Event("charts"));
}
document.addEventListener("segment-pressed", (event) => {
  const segment = element.isConnected && select(event.detail);
  if (segment) seek(Number(segment.dataset.start));
});

// --- keys ---
element.addEventListener("keydown", (event) => {
  const segment = event.target.closest(".tl-seg");
  if (!segment || event.altKey || event.ctrlKey || event.metaKey) return;
  const index = Number(segment.dataset.index);
  const last = segments().length - 1;
  const to = { ArrowRight: Math.min(index + 1, last), ArrowLeft: Math.max(index - 1, 0), Home: 0, End: last }[event.key];
  const key = event.key.toLowerCase();
  if (to !== undefined) seek(Number(select(to, { focus: true, scroll: true }).dataset.start));
  else if (event.key === "Enter") open(index);
  else if (key === "p" || key === "s") flip(key === "p" ? "rgb" : "audio", index);
  else return;
  event.preventDefault();
});

// --- content comes and goes: keep the selection, the focus and the scroll where they were ---
let focused = null;
let scrolled = 0;
element.addEventListener("focusin", (event) => {
  const t = event.target;
  focused = t.dataset.switch ? `[data-switch="${t.dataset.switch}"]` : t.dataset.open ? "[data-open]"
    : t.dataset.seek ? `[data-seek="${t.dataset.seek}"]` : "parts" in t.dataset ? "[data-parts]" : ".tl-seg";
  if (t.classList.contains("tl-seg") && Number(t.dataset.index) !== selected) select(Number(t.dataset.index));
});
document.addEventListener("focusin", (event) => { if (!element.contains(event.target)) focused = null; });
element.addEventListener("scroll", (event) => {
  if (event.target.classList?.contains("tl-scroll")) scrolled = event.target.scrollLeft;
}, true);

function renewed() {
  answered();
  const count = segments().length;
  if (!count) { selected = 0; scrolled = 0; return; }
  const back = document.activeElement === document.body || element.contains(document.activeElement) ? focused : null;
  spoken = null;
  select(Math.min(selected, count - 1));
  scoresBy(byParts);
  const box = element.querySelector(".tl-scroll");
  if (box) box.scrollLeft = scrolled;
  if (back === ".tl-seg") segments()[selected].focus({ preventScroll: true });
  else if (back) element.querySelector(back)?.focus({ preventScroll: true });
  draw(now());
  document.dispatchEvent(new Event("timeline"));
  stale();
}

// A comparison of what was shown says so when something else is shown by now. One of two named ways stays true.
function stale() {
  const compared = document.querySelector("#compared .compared");
  const shown = document.querySelector("#left input:checked")?.value === "shown";
  if (!compared || !shown || "fixed" in section().dataset) return;
  const signs = ["rgb", "audio"].flatMap((m) => segments().map((s) => (isOn(s, m) ? "1" : "0"))).join("");
  compared.querySelector(".stale").hidden = signs === compared.dataset.left;
}

// Media events do not bubble, but they can be caught on the way down; so the player may come and go.
let ticking = false;
function tick() {
  const media = player();
  if (!element.isConnected || !media || media.paused) {
    ticking = false;
    return;
  }
  draw(now());
  requestAnimationFrame(tick);
}
function onMedia(event) {
  if (!element.isConnected) {
    for (const kind of MEDIA_EVENTS) document.removeEventListener(kind, onMedia, true);
    return;
  }
  if (event.target !== player()) return;
  draw(now());
  if (!event.target.paused && !ticking) {
    ticking = true;
    requestAnimationFrame(tick);
  }
}
const MEDIA_EVENTS = ["play", "playing", "pause", "seeking", "seeked", "timeupdate", "ended", "loadedmetadata"];
for (const kind of MEDIA_EVENTS) document.addEventListener(kind, onMedia, true);

watch("value", renewed);
renewed();
