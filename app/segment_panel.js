// The opened segment: its buttons ask for another segment, for where the evidence lay, or to close it.
// Runs once with `element` as the component's box; the content is replaced with every segment.
let asked = "h2";
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("close" in button.dataset) {
    const back = document.querySelector("#timeline .tl-seg.is-selected");
    trigger("close", {});
    back?.focus();
    return;
  }
  asked = "explain" in button.dataset ? "[data-explain]" : "h2";
  trigger("open", { segment: Number(button.dataset.open), explain: Boolean(button.dataset.explain) });
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Escape") element.querySelector("[data-close]")?.click();
});
let before = null;
watch("value", () => {
  const section = element.querySelector(".opened");
  const now = section?.dataset.segment ?? null;
  const target = element.querySelector(asked);
  // A panel that has just opened, or moved on, is where its reader wants to be.
  if (section && (now !== before || document.activeElement === document.body)) {
    target?.focus({ preventScroll: true });
    section.scrollIntoView({ block: "nearest", behavior: "auto" });
  }
  before = now;
  asked = "h2";
});
