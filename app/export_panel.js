// What was made is handed over as soon as it is there: a file is saved, a link is copied. The panel keeps both, for a
// second time and for browsers that want a press. Runs once with `element` as the panel.
function address() {
  const field = element.querySelector("[data-query]");
  if (field) field.value = location.origin + location.pathname + field.dataset.query;
  return field;
}
async function copy() {
  const field = address();
  const say = (text) => { element.querySelector("[role=status]").textContent = text; };
  try {
    await navigator.clipboard.writeText(field.value);
    say("The link is copied.");
  } catch {
    field.select();
    say("Here is the link, ready to be copied.");
  }
}
let handed = null;
function handOver() {
  const file = element.querySelector("a[download]");
  const fresh = (file ?? element.querySelector("[data-query]"))?.dataset.fresh;
  if (!fresh || fresh === handed) return;
  handed = fresh;
  if (file) file.click();
  else copy();
}
element.addEventListener("click", (event) => { if (event.target.closest("[data-copy]")) copy(); });
watch("value", handOver);
