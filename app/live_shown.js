// Tells `live.js` that the server has said something. Runs once with `element` as the box of what it said.
watch("value", () => document.dispatchEvent(new Event("live-shown")));
