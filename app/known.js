// Filters the list of what a model knows while somebody types: every word typed has to occur, in any order.
// Runs once with `element` as the component's box; its content is replaced when another model is chosen.
element.addEventListener("input", (event) => {
  if (event.target.id !== "known-search") return;
  const asked = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = Array.from(element.querySelectorAll("#known-list li"));
  let found = 0;
  for (const row of rows) {
    const name = row.textContent.toLowerCase();
    row.hidden = !asked.every((word) => name.includes(word));
    found += row.hidden ? 0 : 1;
  }
  const count = element.querySelector("#known-count");
  if (!asked.length) count.textContent = `All ${rows.length} are listed.`;
  else count.textContent = found ? `${found} of ${rows.length} fit.` : `None of ${rows.length} fits.`;
  element.querySelector("#known-list").scrollTop = 0;
});
