// The drawing of the policy shows the segment under the playhead. Runs once with `element` as its box.
const part = (name) => element.querySelector(`[data-draw="${name}"]`);
function show(segment) {
  const box = element.querySelector(".drawing");
  box.classList.toggle("is-idle", !segment);
  if (!segment) return;
  const { index, label } = segment.dataset;
  part("frame").style.backgroundImage = `var(--t${index}, none)`;
  for (const modality of ["rgb", "audio"]) {
    const state = segment.dataset[modality];
    const on = ["used", "chosen"].includes(state);
    part(modality).classList.toggle("is-on", on);
    part(`${modality}-net`).classList.toggle("is-on", on);
    const wanted = segment.dataset[`${modality}P`];
    const words = { waiting: "…", missing: "none here" }[state] ?? (on ? "yes" : "no");
    const share = wanted < 0.5 ? Math.min(49, Math.round(100 * wanted)) : Math.round(100 * wanted);
    part(`${modality}-p`).textContent = wanted && state !== "missing" ? `${words}, ${share} %` : words;
  }
  part("answer").textContent = label || "…";
}
document.addEventListener("segment", (event) => { if (element.isConnected) show(event.detail); });
const first = document.querySelector("#timeline .tl-seg");
if (first) show(first);
