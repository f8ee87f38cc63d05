// The budget slider. Runs once with `element` as the box; its content is replaced with every result.
let focused = null;
element.addEventListener("focusin", (event) => { focused = event.target.id || null; });
document.addEventListener("focusin", (event) => { if (!element.contains(event.target)) focused = null; });
const ask = (request) => document.dispatchEvent(new CustomEvent("request", { detail: request })); // timeline.js sends it
element.addEventListener("input", (event) => {
  const { value, dataset: { segments } } = event.target;
  const looks = Math.max(1, Math.floor((value * segments) / 100 + 1e-9));
  element.querySelector("#budget-value").textContent = value * segments < 100
    ? `at least one look, ${Math.round(100 / segments)}\u00a0% of this clip`
    : `at most ${value}\u00a0% of everything’s compute, ${looks} look${looks === 1 ? "" : "s"}`;
  event.target.setAttribute("aria-valuetext", `${value}\u00a0% of compute`);
});
element.addEventListener("change", (event) => ask({ budget: Number(event.target.value) / 100 }));
element.addEventListener("click", (event) => { if (event.target.closest("[data-reset]")) ask({ reset: true }); });
watch("value", () => {
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
});
