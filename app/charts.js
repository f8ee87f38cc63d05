// Draws every [data-figure] on the page with plotly, which is fetched from this server once the page stands. Colors are
// style variables, resolved when drawn, so a change of theme draws anew. Runs once, with `element` as the savings card.
const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false, showTips: false };
let library = null;
function plotly() {
  library ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = "plotly.min.js";
    script.onload = () => done(window.Plotly);
    script.onerror = failed;
    document.head.append(script);
  });
  return library;
}

// "var(--text)" anywhere in a figure becomes the color that it stands for just now.
function resolved(value, style) {
  if (typeof value === "string") return value.replace(/^var\((--[a-z0-9-]+)\)$/, (_, name) => style.getPropertyValue(name).trim());
  if (Array.isArray(value)) return value.map((each) => resolved(each, style));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each, style)]));
  }
  return value;
}

const drawn = new Map(); // element -> theme and figure that it shows
async function draw() {
  const charts = Array.from(document.querySelectorAll("[data-figure]"));
  if (!charts.length) return;
  const Plotly = await plotly().catch(() => null); // without it the tables remain
  if (!Plotly) return;
  for (const gone of drawn.keys()) {
    if (!gone.isConnected) { Plotly.purge(gone); drawn.delete(gone); }
  }
  const theme = document.body.classList.contains("dark") ? "dark" : "light";
  for (const chart of charts) {
    // While the chart before it was drawn, the page may have put something else in this one's place.
    if (!chart.isConnected || !chart.dataset.figure || chart.closest("[hidden]")) continue;
    const stamp = theme + chart.dataset.figure;
    if (drawn.get(chart) === stamp) continue;
    const figure = resolved(JSON.parse(chart.dataset.figure), getComputedStyle(document.body));
    // On a phone what a bar ends in needs more of the width.
    if (chart.classList.contains("is-savings") && chart.clientWidth < 420) {
      figure.layout.xaxis.range[1] *= 1.35;
      Object.assign(figure.layout.margin, { l: 86 });
      figure.layout.font.size = 12;
    }
    try {
      await Plotly.react(chart, figure.data, figure.layout, CONFIG);
    } catch (error) {
      if (chart.isConnected) throw error; // a chart that was taken off the page meanwhile cannot be drawn
      continue;
    }
    drawn.set(chart, stamp);
    chart.dataset.drawn = ""; // tests wait for it
    if (chart.closest(".tl-scores")) point(chart);
  }
}

// Pressing a point of the scores goes to its segment; the timeline listens.
function point(chart) {
  chart.removeAllListeners?.("plotly_click");
  chart.on("plotly_click", (event) => {
    document.dispatchEvent(new CustomEvent("segment-pressed", { detail: event.points[0].pointIndex }));
  });
}

let asked = false;
let last = Promise.resolve(); // one drawing after the other: two at once on one chart break each other
function soon() {
  if (asked) return;
  asked = true;
  const run = () => { asked = false; last = last.then(draw, draw); };
  if (window.Plotly) requestAnimationFrame(run);
  else (window.requestIdleCallback ?? ((act) => setTimeout(act, 200)))(run, { timeout: 3000 });
}
document.addEventListener("charts", soon);
new MutationObserver(soon).observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", soon);
if (document.readyState === "complete") soon();
else window.addEventListener("load", soon, { once: true });
