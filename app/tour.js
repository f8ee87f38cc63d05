// The guided tour: a small panel beside the place it speaks of. Runs once, for the button in `element`.
let step = -1;
let panel = null;
let lit = null;
const start = () => element.querySelector("[data-tour]");
const steps = () => JSON.parse(start().dataset.tour).filter(({ at }) => document.querySelector(at)?.getClientRects().length);
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

function make(tag, text, properties = {}) {
  return Object.assign(document.createElement(tag), { textContent: text, ...properties });
}
function go(to) {
  const all = steps();
  if (to < 0) return;
  if (to >= all.length) return leave();
  step = to;
  const { at, title, text } = all[step];
  lit?.classList.remove("is-toured");
  lit = document.querySelector(at);
  lit.classList.add("is-toured");
  if (!panel) {
    panel = make("div", "", { className: "tour", tabIndex: -1 });
    panel.setAttribute("role", "dialog");
    panel.addEventListener("click", (event) => {
      const { go: where } = event.target.dataset;
      if (where) go(step + Number(where));
      else if ("leave" in event.target.dataset) leave();
    });
    document.querySelector(".gradio-container").append(panel);
  }
  panel.setAttribute("aria-label", `Tour, step ${step + 1} of ${all.length}: ${title}`);
  const buttons = make("div", "", { className: "tour-buttons" });
  const button = (words, key, value, disabled = false) => {
    const made = make("button", words, { type: "button", className: "small-button", disabled });
    made.dataset[key] = value;
    buttons.append(made);
    return made;
  };
  button("Leave", "leave", "");
  button("Back", "go", "-1", step === 0);
  const next = button(step === all.length - 1 ? "Done" : "Next", "go", "1");
  panel.replaceChildren(make("h2", title), make("p", text), make("small", `${step + 1} of ${all.length}`), buttons);
  lit.scrollIntoView({ block: "center", behavior: still.matches ? "auto" : "smooth" });
  const box = lit.getBoundingClientRect();
  panel.classList.toggle("is-left", box.left > innerWidth / 2);
  next.focus({ preventScroll: true });
}
function leave() {
  lit?.classList.remove("is-toured");
  panel?.remove();
  panel = lit = null;
  step = -1;
  start().focus({ preventScroll: true });
  start().scrollIntoView({ block: "nearest" });
}
element.addEventListener("click", (event) => { if (event.target.closest("[data-tour]")) go(0); });
document.addEventListener("keydown", (event) => {
  if (!panel || !element.isConnected) return;
  if (event.key === "Escape") leave();
  else if (event.key === "ArrowRight" && panel.contains(event.target)) go(step + 1);
  else if (event.key === "ArrowLeft" && panel.contains(event.target)) go(step - 1);
  else return;
  event.preventDefault();
});
