"""Checks of a rendered page that need no eye: names, labels, contrast, headings, unique ids.

Written out here instead of taken from a tool, so that tests need nothing from the network. Contrast follows WCAG 2.2:
4.5 to 1, and 3 to 1 for large text; text over pictures and on disabled controls is left out, as the standard does.
"""

from playwright.sync_api import Page

_CHECKS = r"""() => {
  const faults = [];
  const shown = { opacityProperty: true, visibilityProperty: true };
  const seen = (e) => e.checkVisibility(shown) && e.getClientRects().length;
  const say = (what, e) => faults.push(`${what}: ${e.outerHTML.slice(0, 120)}`);
  const text = (id) => document.getElementById(id)?.textContent ?? "";
  const named = (e) => (e.getAttribute("aria-label") ?? "").trim()
    || (e.getAttribute("aria-labelledby") ?? "").split(" ").map(text).join("").trim()
    || Array.from(e.labels ?? []).map((l) => l.textContent).join("").trim()
    || (["BUTTON", "A", "SUMMARY"].includes(e.tagName) && e.textContent.trim()) || (e.title ?? "").trim();

  const controls = "button, a[href], input, select, textarea, summary, [role=region], [role=img]";
  for (const e of document.querySelectorAll(controls))
    if (seen(e) && e.type !== "hidden" && !named(e)) say("no name", e);
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) say("no alt", e);
  const ids = new Set();
  for (const e of document.querySelectorAll("#timeline [id], #opened [id], #whatif [id], #player [id]")) {
    if (ids.has(e.id)) say("id twice", e);
    ids.add(e.id);
  }
  let level = 0;
  for (const e of document.querySelectorAll("h1, h2, h3, h4")) {
    if (!seen(e)) continue;
    const now = Number(e.tagName[1]);
    if (now > level + 1) say(`heading jumps from ${level}`, e);
    level = now;
  }
  if (!document.documentElement.lang) faults.push("the page names no language");
  for (const e of document.querySelectorAll("th")) if (seen(e) && !e.scope) say("header without scope", e);

  const channel = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const parse = (c) => { const n = c.match(/[\d.]+/g).map(Number); return [n[0], n[1], n[2], n[3] ?? 1]; };
  const over = (top, under) => top.slice(0, 3).map((v, i) => v * top[3] + under[i] * (1 - top[3]));
  const ground = (e) => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage.includes("url(")) return null;
      const c = parse(style.backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  for (const e of document.querySelectorAll("body *")) {
    const own = Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !seen(e) || e.closest("svg, video, :disabled, .visually-hidden, .tl-frame, .player")) continue;
    const style = getComputedStyle(e);
    const under = ground(e);
    if (!under || parse(style.color)[3] === 0) continue;
    const a = light(over(parse(style.color), under)), b = light(under);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) say(`contrast ${ratio.toFixed(2)}`, e);
  }
  return faults;
}"""


def faults(page: Page) -> list[str]:
    """What is wrong with the page as it stands, one line each."""
    return page.evaluate(_CHECKS)
