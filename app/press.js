// What Gradio leaves to be done for hands and keys.
//
// A press is not lost when a result arrives while it is held down. Every result replaces the elements that it draws, and
// a browser counts a press as a click only on an element that is still there when the press ends. So a press that began
// on an element which is gone by its end is a click on whatever stands in its place, if that looks the same.
// Runs once, for the whole page.
let began = null;

// The way to an element from the nearest one above it that has an id: the same before and after a redrawing.
function place(target) {
  const steps = [];
  let at = target;
  while (at && !at.id && at.parentElement) {
    steps.unshift(`${at.tagName}:nth-child(${Array.prototype.indexOf.call(at.parentElement.children, at) + 1})`);
    at = at.parentElement;
  }
  return at?.id ? [`#${CSS.escape(at.id)}`, ...steps].join(">") : null;
}

const held = (event) => event.isPrimary && event.button === 0 && event.target instanceof Element;
document.addEventListener("pointerdown", (event) => {
  began = held(event) ? { target: event.target, place: place(event.target) } : null;
}, true);
document.addEventListener("pointercancel", () => { began = null; }, true);
document.addEventListener("pointerup", (event) => {
  const press = began;
  began = null;
  if (!press?.place || press.target.isConnected || !held(event) || place(event.target) !== press.place) return;
  const { clientX, clientY, target } = event;
  const click = new MouseEvent("click", { bubbles: true, cancelable: true, detail: 1, clientX, clientY });
  setTimeout(() => target.dispatchEvent(click), 0);
}, true);

// A group of radio buttons is one stop of Tab, and the arrow keys move inside it: browsers do so for buttons of one name,
// and Gradio gives each its own.
document.addEventListener("keydown", () => {
  for (const group of document.querySelectorAll("fieldset[id]")) {
    const radios = Array.from(group.querySelectorAll("input[type=radio]"));
    if (!radios.length || radios.every((radio) => radio.name === group.id)) continue;
    const chosen = radios.find((radio) => radio.checked);
    for (const radio of radios) radio.name = group.id;
    if (chosen) chosen.checked = true;
  }
}, true);
