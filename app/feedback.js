// "Right?": what a visitor says of the answer marks the segments and, in each, eye and ear. Kept in this tab only, by clip;
// nothing is sent. Runs once with `element` as the answer card, whose content is replaced with every result.
const said = new Map(); // clip -> the right class, as a person reads it
const clip = () => document.getElementById("clip-player")?.getAttribute("src") ?? "";
const same = (a, b) => a.trim().toLowerCase() === b.trim().toLowerCase();

function mark() {
  const truth = said.get(clip());
  let right = 0;
  let wrong = 0;
  for (const segment of document.querySelectorAll("#timeline .tl-seg")) {
    const judge = (name) => (truth && name ? (same(name, truth) ? "right" : "wrong") : "");
    segment.dataset.judged = judge(segment.dataset.label);
    for (const modality of ["rgb", "audio"]) {
      const verdict = judge(segment.dataset[`${modality}Best`]);
      segment.querySelector(`.tl-${modality}`).dataset.judged = verdict;
    }
    if (segment.dataset.judged === "right") right += 1;
    if (segment.dataset.judged === "wrong") wrong += 1;
  }
  const box = element.querySelector(".feedback");
  if (!box) return;
  box.querySelector("[data-told]").textContent = truth
    ? `Marked below: ${right} of ${right + wrong} segments said “${truth}”. ✓ and ✗ say the same of eye and ear.` : "";
}
function tell(truth) {
  said.set(clip(), truth);
  element.querySelector(".feedback form").hidden = true;
  mark();
}
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-right]");
  if (!button) return;
  if (button.dataset.right) return tell(button.dataset.right);
  const form = element.querySelector(".feedback form");
  form.hidden = !form.hidden;
  const list = form.querySelector("datalist");
  if (!list.options.length) {
    const names = document.querySelectorAll("#known-list li:not(:has(small)), #known [data-name]");
    for (const each of names) list.append(new Option(each.textContent));
  }
  form.querySelector("input").focus();
});
element.addEventListener("submit", (event) => {
  event.preventDefault();
  const truth = event.target.querySelector("input").value;
  if (truth.trim()) tell(truth.trim());
});
watch("value", mark);
document.addEventListener("timeline", () => { if (element.isConnected) mark(); });
