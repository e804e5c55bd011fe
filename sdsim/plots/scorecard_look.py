"""The style sheet of the scorecard of claims, for desktops and phones."""

from __future__ import annotations

STYLE = """
main { max-width: 1320px; }
.badge { display: inline-block; padding: 1px 9px; border-radius: 10px; font-size: 13px;
  line-height: 1.5; white-space: nowrap; }
.yes { background: #d9f0e6; color: #00593f; } .no { background: #fbe3d6; color: #8a3600; }
.none { background: #eceff1; color: #47525b; } .error { background: #1d2429; color: #fff; }
.def { background: #f3e4f1; color: #6d2c63; } .evidence { background: #dcebf6; color: #0b4f7c; }
.bar { display: flex; height: 44px; margin: 18px 0 10px; border-radius: 4px; overflow: hidden; }
.bar a { color: #fff; text-decoration: none; font-weight: 600; font-size: 15px; min-width: 30px;
  display: flex; align-items: center; justify-content: center; }
.legend p { font-size: 14px; margin: 0 0 4px; max-width: none; line-height: 1.45; }
.legend i { display: inline-block; width: 11px; height: 11px; border-radius: 2px;
  margin-right: 8px; }
h3 { font-size: 17px; margin: 34px 0 2px; }
h3 + p { font-size: 15px; }
details { border-bottom: 1px solid var(--line); }
summary, .head { display: grid; gap: 14px;
  grid-template-columns: 46px minmax(0, 1fr) 136px 64px 72px 124px 92px 92px 82px; }
summary { cursor: pointer; padding: 10px 0; font-size: 14px; line-height: 1.45;
  align-items: start; }
summary:hover { background: #f7f9fa; }
summary::-webkit-details-marker { display: none; }
summary .id { font-weight: 600; }
summary .id::before { content: "\\25B8"; color: var(--soft); margin-right: 4px; font-size: 11px; }
details[open] > summary .id::before { content: "\\25BE"; }
summary small, .small { color: var(--soft); font-size: 12.5px; }
summary small { display: block; }
.head { padding: 6px 0; font-size: 12.5px; line-height: 1.35; color: var(--soft);
  border-bottom: 1px solid #b9c1c8; }
.open { padding: 4px 0 26px 56px; font-size: 14px; max-width: 1100px; }
.open p { margin: 0 0 8px; max-width: 62em; }
.open h4 { margin: 16px 0 4px; font-size: 13px; color: var(--soft); font-weight: 600; }
.open code, .equations code { font-size: 12.5px; overflow-wrap: anywhere; }
.open a, .equations a, .why a { color: var(--accent); }
.equations p { margin: 0 0 2px; max-width: none; }
.equations > div { padding: 10px 0; border-bottom: 1px solid var(--line); font-size: 14px; }
.equations div:target { background: #fff8e1; outline: 8px solid #fff8e1; }
.why > div { padding: 8px 0; border-bottom: 1px solid var(--line); font-size: 15px;
  display: grid; grid-template-columns: 46px minmax(0, 1fr); gap: 6px; }
.why p { margin: 0 0 4px; }
@media (max-width: 900px) {
  main { padding: 28px 16px 64px; }
  h1 { font-size: 28px; } h2 { margin-top: 48px; }
  .head { display: none; }
  summary { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 4px 12px; padding: 14px 0; }
  summary .id, summary .claim { grid-column: 1 / -1; }
  summary .claim { font-size: 15px; }
  summary [data-label]::before { content: attr(data-label); display: block;
    color: var(--soft); font-size: 12px; }
  .open { padding-left: 0; }
}
"""

SCRIPT = """
function drawn(row) {
  if (!row.open || row.dataset.done) return;
  row.dataset.done = 1;
  const place = row.querySelector('.plot');
  if (!place) return;
  const f = JSON.parse(row.querySelector('script').textContent);
  Plotly.newPlot(place, f.data, f.layout, {displaylogo: false, responsive: true,
    displayModeBar: false});
}
function opened() {
  const row = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (row && row.tagName === 'DETAILS') { row.open = true; row.scrollIntoView(); }
}
window.addEventListener('hashchange', opened);
window.addEventListener('DOMContentLoaded', opened);
"""
