// The budget slider, Reset, and the button that draws the whole curve. Runs once with `element` as the box.
let focused = null;
element.addEventListener("focusin", (event) => { focused = event.target.id || null; });
document.addEventListener("focusin", (event) => { if (!element.contains(event.target)) focused = null; });
const ask = (request) => document.dispatchEvent(new CustomEvent("request", { detail: request })); // timeline.js sends it
const wanted = (slider) => Number(slider.dataset.stops.split(",")[Number(slider.value)]);
element.addEventListener("input", (event) => {
  const slider = event.target.closest("#budget-slider");
  if (!slider) return;
  const words = `${Math.round(100 * wanted(slider))}\u00a0%`;
  element.querySelector("#budget-value").textContent = words;
  slider.setAttribute("aria-valuetext", words);
});
element.addEventListener("change", (event) => {
  const slider = event.target.closest("#budget-slider");
  if (slider) ask({ threshold: wanted(slider) });
});
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("reset" in button.dataset) ask({ reset: true });
  if ("curve" in button.dataset) { button.disabled = true; trigger("curve", {}); }
});
watch("value", () => {
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
});
