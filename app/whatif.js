// Reset, and the button that draws the whole curve. Runs once with `element` as the box.
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("reset" in button.dataset) document.dispatchEvent(new CustomEvent("request", { detail: { reset: true } })); // timeline.js sends it
  if ("curve" in button.dataset) { button.disabled = true; trigger("curve", {}); }
});
