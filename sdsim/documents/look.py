"""How the page of a documentation looks, and what it does: search, and trees that open."""

STYLE = """
:root { --ink: #1d2429; --soft: #5b6570; --line: #e3e7ea; --accent: #005a8c; --pale: #f5f7f8; }
* { box-sizing: border-box; }
html { scroll-padding-top: 64px; }
body { margin: 0; color: var(--ink); background: #fff; overflow-wrap: anywhere;
  font: 16px/1.55 Inter, "Helvetica Neue", Helvetica, Arial, sans-serif; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
a, b, h1, h2, h3, td, dd, code, summary { unicode-bidi: isolate; }
.all { max-width: 1280px; margin: 0 auto; padding: 0 20px 80px; }
h1 { font-size: 32px; line-height: 1.2; margin: 36px 0 6px; }
h2 { font-size: 22px; margin: 48px 0 10px; } h3 { font-size: 17px; margin: 0 0 2px; }
.soft { color: var(--soft); font-size: 14px; }
.search { position: sticky; top: 0; background: #fff; padding: 10px 0; z-index: 2;
  border-bottom: 1px solid var(--line); display: flex; gap: 12px; align-items: center; }
.search input { flex: 1; min-width: 0; max-width: 480px; font: inherit; padding: 7px 10px;
  border: 1px solid #b9c1c8; border-radius: 4px; }
nav ul { list-style: none; padding: 0; margin: 0; font-size: 14px; columns: 15em 3; }
nav li { padding: 2px 0; break-inside: avoid; }
table { border-collapse: collapse; width: 100%; font-size: 14px; margin: 6px 0 18px; }
th, td { text-align: left; vertical-align: top; padding: 5px 12px 5px 0;
  border-bottom: 1px solid var(--line); }
td.n { text-align: right; width: 4em; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
article { padding: 14px 0; border-top: 1px solid var(--line); content-visibility: auto;
  contain-intrinsic-size: auto 220px; }
article p { margin: 4px 0; max-width: 60em; white-space: pre-line; }
pre { background: var(--pale); padding: 9px 12px; margin: 8px 0; white-space: pre-wrap;
  max-height: 26em; overflow: auto; border-radius: 4px;
  font: 13.5px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
dl { margin: 6px 0; display: grid; grid-template-columns: 5.5em 1fr; gap: 2px 10px;
  font-size: 14px; }
dt { color: var(--soft); } dd { margin: 0; }
.kind { font-size: 12px; color: #fff; background: #5b6570; border-radius: 3px; padding: 1px 6px;
  margin-left: 6px; font-weight: 500; vertical-align: 1px; }
.stock { background: #0072b2; } .flow { background: #a04300; } .constant { background: #007353; }
details { font-size: 14px; } summary { cursor: pointer; }
details details { margin-left: 18px; } .leaf { margin-left: 33px; }
:target > h3 { background: #fff3c4; }
.hidden { display: none; }
@media (min-width: 1100px) {
  .all { display: grid; grid-template-columns: 240px 1fr; column-gap: 44px; }
  .top, .search { grid-column: 1 / 3; }
  nav { position: sticky; top: 60px; align-self: start; max-height: calc(100vh - 70px);
    overflow: auto; padding-bottom: 20px; }
  nav ul { columns: auto; }
  main { min-width: 0; }
}
"""

SCRIPT = """
"use strict";
(() => {
  const book = JSON.parse(document.getElementById("book").textContent);
  const DEPTH = 3;
  const made = (tag, text, kind) => {
    const e = document.createElement(tag);
    if (text) e.textContent = text;
    if (kind) e.className = kind;
    return e;
  };
  const link = (n) => {
    const a = made("a", book.names[n]);
    a.href = "#v" + n;
    return a;
  };
  const open = (box, n, way, above) => {
    for (const k of book[way][n]) {
      const again = above.includes(k), more = book[way][k].length;
      if (again || !more || above.length >= DEPTH) {
        const leaf = made("div", "", "leaf");
        leaf.append(link(k), again ? " (above)" : more ? " \\u2026" : "");
        box.append(leaf);
        continue;
      }
      const inner = made("details"), head = made("summary");
      head.append(link(k));
      inner.append(head);
      fill(inner, k, way, above.concat(k));
      box.append(inner);
    }
  };
  const fill = (box, n, way, above) => box.addEventListener("toggle", () => {
    if (box.open && !box.dataset.full) {
      box.dataset.full = "1";
      open(box, n, way, above);
    }
  });
  for (const box of document.querySelectorAll("details[data-way]")) {
    const n = Number(box.dataset.of);
    fill(box, n, box.dataset.way, [n]);
  }
  const field = document.getElementById("search"), said = document.getElementById("said");
  const items = [...document.querySelectorAll("article")];
  const texts = items.map((e) => e.dataset.words.toLowerCase());
  const groups = [...document.querySelectorAll("section.group")];
  const rest = document.getElementById("rest");
  const search = () => {
    const words = field.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let count = 0;
    items.forEach((e, k) => {
      const there = words.every((w) => texts[k].includes(w));
      e.classList.toggle("hidden", !there);
      count += there;
    });
    for (const g of groups)
      g.classList.toggle("hidden", !g.querySelector("article:not(.hidden)"));
    rest.classList.toggle("hidden", words.length > 0);
    said.textContent = words.length ? count + " of " + items.length : "";
  };
  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 120);
  });
  addEventListener("hashchange", () => {
    const aim = document.getElementById(location.hash.slice(1));
    if (aim && aim.closest(".hidden")) {
      field.value = "";
      search();
      aim.scrollIntoView();
    }
  });
})();
"""
