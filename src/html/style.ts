// The style of reports: one column, two accent colours, light or dark as the reader's system is set. All styles of the
// page are here; it loads nothing.

export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #20242a; --quiet: #646b75; --rule: #e6e3de; --axis: #b9b5ae;
  --blue: #2f6db0; --orange: #c4560f; --best: #1d8049; --best-paper: #e9f5ee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171a; --card: #1c1f23; --ink: #e4e2de; --quiet: #9aa0a8; --rule: #2d3136; --axis: #585d64;
    --blue: #78b0ec; --orange: #f0964f; --best: #62c58d; --best-paper: #1c2f25;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 48px 24px 64px; }
h1, h2, h3, p, figure, ul, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 30px; line-height: 1.2; font-weight: 650; letter-spacing: -0.015em; overflow-wrap: anywhere; }
h2 { font-size: 19px; font-weight: 650; margin: 52px 0 14px; letter-spacing: -0.005em; }
h3 { font-size: 14px; font-weight: 600; }
.quiet, .facts { color: var(--quiet); }
.kind { color: var(--quiet); font-size: 13px; margin-bottom: 4px; }
.facts { margin-top: 8px; }
.lead { font-size: 17px; margin-top: 20px; max-width: 46em; }
.warning { color: var(--orange); font-size: 13px; margin-top: 8px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin-top: 28px; }
.tiles div, .chart, .sample, .panel { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.tiles div { padding: 14px 16px; }
.tiles dt { color: var(--quiet); font-size: 13px; }
.tiles dd { font-size: 20px; font-weight: 600; line-height: 1.5; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
.tiles dd + dd { color: var(--quiet); font-size: 13px; font-weight: 400; letter-spacing: 0; }
.tiles .best dd:first-of-type { color: var(--best); }
.charts { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 14px; }
.chart { padding: 14px 16px 12px; min-width: 0; }
.chart.wide { grid-column: 1 / -1; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 20px; margin-bottom: 8px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; list-style: none; font-size: 13px; color: var(--quiet); }
.legend li { display: flex; align-items: center; gap: 7px; }
.legend svg { width: 26px; height: 10px; }
.scroll { overflow-x: auto; }
.scroll > svg { display: block; width: 100%; height: auto; }
.rule { stroke: var(--rule); fill: none; }
.axis { stroke: var(--axis); fill: none; }
.epoch { stroke: var(--axis); fill: none; stroke-dasharray: 1 4; }
.tick { fill: var(--quiet); font-size: 12px; font-variant-numeric: tabular-nums; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.faint { stroke-width: 1; opacity: 0.35; }
.line.blue { stroke: var(--blue); }
.line.orange { stroke: var(--orange); }
.mark { stroke: var(--card); stroke-width: 1.5; }
.mark.blue { fill: var(--blue); }
.mark.orange { fill: var(--orange); }
circle.best { fill: none; stroke: var(--best); stroke-width: 2; }
.best-label { fill: var(--best); font-size: 13px; font-weight: 600; }
.band rect { fill: transparent; }
.band path { stroke: transparent; }
.band:hover path { stroke: var(--quiet); }
details { margin-top: 6px; }
summary { cursor: pointer; color: var(--quiet); font-size: 13px; width: fit-content; }
details > table { margin-top: 8px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
caption { text-align: left; color: var(--quiet); font-size: 13px; padding-bottom: 6px; }
th, td { text-align: left; vertical-align: top; padding: 6px 18px 6px 0; border-top: 1px solid var(--rule); font-weight: 400; }
thead th { color: var(--quiet); font-size: 13px; border-top: 0; vertical-align: bottom; }
.numbers th, .numbers td, .number { font-variant-numeric: tabular-nums; white-space: nowrap; }
.panel { padding: 8px 16px; overflow-x: auto; }
.badge { color: var(--best); background: var(--best-paper); border-radius: 5px; font-size: 12px; font-weight: 600; padding: 1px 7px; white-space: nowrap; }
.sample { padding: 16px; margin-top: 14px; overflow-x: auto; }
.sample .said { white-space: pre-wrap; overflow-wrap: anywhere; }
.sample .reply { width: 100%; min-width: 14em; }
.sample table { margin-top: 10px; }
.sample .is-best td, .sample .is-best th { background: var(--best-paper); }
.sample .is-best > :first-child { box-shadow: -8px 0 0 var(--best-paper); }
.prompt { font-size: 16px; font-weight: 600; }
.who, .prompt { display: block; }
.who { color: var(--quiet); font-size: 13px; font-weight: 400; }
.reference th { color: var(--quiet); font-size: 13px; white-space: nowrap; }
.options { columns: 2; column-gap: 40px; padding: 12px 16px; }
.options div { display: flex; justify-content: space-between; gap: 20px; padding: 3px 0; break-inside: avoid; }
.options dt { color: var(--quiet); white-space: nowrap; }
.options dd { text-align: right; overflow-wrap: anywhere; min-width: 0; font-variant-numeric: tabular-nums; }
.options.one { columns: 1; }
.options.one dd { text-align: left; }
.options.one dt { min-width: 11em; }
.options.one div { justify-content: flex-start; }
/* Words between panels. */
.panel + .quiet, .sample + .quiet, p + .panel { margin-top: 12px; }
/* A command that mends what a section shows. */
.command { margin-top: 8px; overflow-x: auto; }
.command code { display: inline-block; white-space: nowrap; background: var(--card); border: 1px solid var(--rule); border-radius: 6px; padding: 5px 10px; }
.bar { display: block; height: 10px; min-width: 2px; margin-top: 6px; border-radius: 3px; background: var(--blue); }
td.wide { width: 60%; }
footer { margin-top: 48px; color: var(--quiet); font-size: 13px; }
code { font: 0.93em ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
@media (max-width: 720px) {
  main { padding: 28px 14px 40px; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  .chart.wide .scroll > svg { min-width: 760px; }
  .options { columns: 1; }
}
@media print {
  body { background: none; }
  .chart, .sample, .tiles div { break-inside: avoid; }
  details { display: none; }
}
`;
