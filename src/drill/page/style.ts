/** Of the page of a report. Its hash is in the page's Content-Security-Policy, so it stands in the page to the letter. */
export const style = `
:root { --paper: #fff; --raised: #f6f7f9; --ink: #1b2330; --soft: #5b6678; --line: #dce1e8; --grid: #eceff3; --link: #0b5cad;
  --good: #17703c; --good-paper: #e5f4ea; --bad: #b3181d; --bad-paper: #fdeaea; --warn: #8a5300; --warn-paper: #fdf3dc;
  --master: #1d5fbf; --on-master: #fff; --standby: #c3dafa; --on-standby: #173a6b; --follower: #d5ece9; --follower-line: #a9d5cf;
  --on-follower: #17504a; --starting: #fbeabf; --starting-line: #f0cd78; --on-starting: #5b3d00; --silent: #f1f2f4;
  --silent-line: #a4acb8; --on-silent: #3f4856; --ack: #3d9a66; --refused: #d65a1f; --fault: #b3181d; --band: #b3181d1a; }
@media (prefers-color-scheme: dark) { :root { --paper: #11151b; --raised: #191f28; --ink: #e3e8ef; --soft: #98a4b5;
  --line: #2d3642; --grid: #1f2630; --link: #7db8f5; --good: #6fd097; --good-paper: #14301f; --bad: #ff8a85;
  --bad-paper: #3c1719; --warn: #f0bd5e; --warn-paper: #33270f; --master: #4b8ff0; --on-master: #06152c; --standby: #21406e;
  --on-standby: #cfe1fb; --follower: #1d3d3a; --follower-line: #2c5c57; --on-follower: #bfe5e0; --starting: #4a380f;
  --starting-line: #705519; --on-starting: #fbe5b1; --silent: #1b212a; --silent-line: #566171; --on-silent: #b4bfcd;
  --ack: #4fb57c; --refused: #f07b3f; --fault: #ff8a85; --band: #ff6b6626; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; padding: 2rem 2rem 4rem; max-width: 80rem; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; }
p { margin: .4rem 0; } a { color: var(--link); text-underline-offset: 2px; } small, .soft { color: var(--soft); }
h1, h2, h3, h4, h5 { line-height: 1.25; } h2 { margin: 2.75rem 0 .5rem; font-size: 1.3rem; }
code { font: .9em/1.4 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
ul, ol { padding: 0; margin: 0; } .patterns { position: absolute; }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 2px; }

.kicker { margin: 0 0 .75rem; color: var(--soft); font-size: .8rem; font-weight: 600; letter-spacing: .08em;
  text-transform: uppercase; }
h1 { display: flex; gap: .9rem; margin: 0; font-size: 1.65rem; font-weight: 650; text-wrap: balance; }
h1 span { overflow-wrap: anywhere; min-width: 0; }
h1 i { flex: none; width: 2.1rem; height: 2.1rem; border-radius: 50%; font-style: normal; font-size: 1.25rem;
  line-height: 2.1rem; text-align: center; color: var(--paper); background: var(--good); }
.broken h1 { color: var(--bad); } .broken h1 i { background: var(--bad); }
.unproven h1 { color: var(--warn); } .unproven h1 i { background: var(--warn); }
.warning { color: var(--warn); background: var(--warn-paper); border-left: 3px solid var(--warn); padding: .4rem .8rem;
  border-radius: 0 4px 4px 0; }
header > .warning { margin-top: 1rem; }
.good { color: var(--good); } .bad { color: var(--bad); }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .75rem; margin: 1.5rem 0 0; }
.tiles + .tiles { margin: .75rem 0 1.25rem; }
.tile { padding: .8rem 1rem; border: 1px solid var(--line); border-radius: 8px; background: var(--raised); color: var(--ink);
  display: flex; flex-direction: column; }
.tile b { font-size: 1.55rem; line-height: 1.2; font-weight: 650; } .tile span { font-size: .87rem; }
.tile small { font-size: .78rem; }
.tile.good b { color: var(--good); }
.tile.bad { border-color: var(--bad); background: var(--bad-paper); } .tile.bad b { color: var(--bad); }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2rem; margin: 0; font-size: .87rem; }
.facts dt { color: var(--soft); font-size: .78rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }

.violations { border: 1px solid var(--bad); border-radius: 8px; background: var(--bad-paper); padding: .8rem 1.1rem;
  margin: 1rem 0; }
.violations h2, .violations h5 { margin: 0 0 .4rem; font-size: 1rem; color: var(--bad); }
.violations ol { padding-left: 1.6rem; } .violations ul { list-style: none; }
.violations li { padding: .25rem 0; overflow-wrap: anywhere; } .violations b { color: var(--bad); margin-left: .3rem; }
.violations li p { margin: 0; } article > .violations { margin: .9rem 0 0; }
.when { white-space: nowrap; color: var(--soft); }
.claims { margin: .75rem 0 0; padding: .6rem 1rem; border: 1px dashed var(--warn); border-radius: 8px; font-size: .9rem; }
.claims h5 { margin: 0 0 .2rem; font-size: .9rem; color: var(--warn); } .claims ul { list-style: none; }

.badge { display: inline-block; padding: .05rem .55rem; border-radius: 1rem; font-size: .8rem; font-weight: 600;
  white-space: nowrap; vertical-align: middle; color: var(--soft); border: 1px solid currentcolor; }
.badge i { font-style: normal; }
.badge.passed { color: var(--good); background: var(--good-paper); } .badge.failed { color: var(--bad); background: var(--bad-paper); }
.badge.no-effect, .badge.skipped { color: var(--warn); background: var(--warn-paper); border-style: dashed; }

table { width: 100%; border-collapse: collapse; font-size: .87rem; }
thead th:first-child { width: 17%; } thead th { text-align: left; vertical-align: bottom; font-size: .78rem; font-weight: 600; color: var(--soft);
  border-bottom: 2px solid var(--line); line-height: 1.3; }
th, td { padding: .5rem .55rem; vertical-align: top; } th:first-child { padding-left: 0; } td:last-child, th:last-child { padding-right: 0; }
tbody tr { border-bottom: 1px solid var(--line); } tbody th { min-width: 9em; text-align: left; font-weight: 600; overflow-wrap: anywhere; }
td small, th small { display: block; font-size: .78rem; font-weight: normal; } small.bad { color: var(--bad); font-weight: 600; }
td { overflow-wrap: anywhere; } .number { text-align: right; } td.number { white-space: nowrap; } td small { white-space: nowrap; } td.bad { font-weight: 700; }
.skipped th, .skipped td { color: var(--soft); font-weight: normal; }

.contents ul { list-style: none; columns: 2 24rem; column-gap: 3rem; font-size: .9rem; }
.contents li { break-inside: avoid; padding: .25rem 0; overflow-wrap: anywhere; border-bottom: 1px solid var(--line); display: flex;
  flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.rounds { display: inline-flex; flex-wrap: wrap; gap: 0 .55rem; font-size: .85rem; }
.rounds a { text-decoration: none; } .rounds a.failed { color: var(--bad); font-weight: 700; }
.rounds a.no-effect { color: var(--warn); } .rounds a.passed { color: var(--good); } .rounds a:hover { text-decoration: underline; }

h3 { margin: 2.75rem 0 0; font-size: 1.15rem; overflow-wrap: anywhere; } h3 .badge { margin-left: .35rem; }
.up { font-size: .8rem; font-weight: normal; margin-left: .5rem; white-space: nowrap; text-decoration: none; }
article { margin: .9rem 0 0; padding: 1rem 1.25rem 1.1rem; border: 1px solid var(--line); border-radius: 10px; }
article.failed { border-color: var(--bad); border-left-width: 4px; }
article.no-effect { border-style: dashed; border-color: var(--warn); }
article:target { box-shadow: 0 0 0 2px var(--link); }
h4 { margin: 0; font-size: 1rem; } h4 .badge { margin-left: .35rem; } .targets { margin: .1rem 0 0; color: var(--soft); font-size: .87rem; overflow-wrap: anywhere; }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 1.75rem; margin: .75rem 0; }
.figures dt { font-size: .78rem; color: var(--soft); } .figures dd { margin: 0; font-weight: 600; text-align: right; }
.figures dd.bad { color: var(--bad); } .figures > div { min-width: 0; } .figures dt small { font-size: 1em; }

figure { margin: 1rem 0 0; } figcaption { font-size: .8rem; color: var(--soft); margin-bottom: .3rem; }
.picture { display: flex; } .picture svg { display: block; overflow: visible; } .picture .names { flex: none; width: 6.2rem; }
.plot { flex: 1; min-width: 0; } svg text { font-size: 11.5px; fill: var(--ink); } .names text { font-size: 12px; font-weight: 600; }
svg .soft, svg .tick { fill: var(--soft); font-weight: normal; font-size: 11px; }
.plot svg { overflow: hidden; } .plot svg.flag { overflow: visible; }
.grid { stroke: var(--grid); } .rule { stroke: var(--line); }
.master { fill: var(--master); } .on-master { fill: var(--on-master) !important; font-weight: 600; }
.standby { fill: var(--standby); } .on-standby { fill: var(--on-standby) !important; }
.follower { fill: url(#lines); } .on-follower { fill: var(--on-follower) !important; }
.starting { fill: url(#hatch); } .on-starting { fill: var(--on-starting) !important; }
.silent { fill: url(#dots); } .on-silent { fill: var(--on-silent) !important; }
.on-follower, .on-starting, .on-silent { paint-order: stroke; stroke-width: 3px; stroke-linejoin: round; }
.on-follower { stroke: var(--follower); } .on-starting { stroke: var(--starting); } .on-silent { stroke: var(--silent); }
.ground-starting { fill: var(--starting); } .stroke-starting { fill: var(--starting-line); }
.ground-silent { fill: var(--silent); } .stroke-silent { fill: var(--silent-line); }
.ground-follower { fill: var(--follower); } .stroke-follower { fill: var(--follower-line); }
.acknowledged { fill: var(--ack); } .refused { fill: var(--refused); }
.band { fill: var(--band); } .band.void { fill: none; stroke: var(--warn); stroke-dasharray: 4 4; }
line.fault { stroke: var(--fault); stroke-width: 1.25; } text.fault { fill: var(--fault); }
text.fault, text.step { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
.way { stroke: var(--ink); stroke-width: 2; } .there { stroke: var(--ink); stroke-width: 2; }
.lens { fill: var(--link); }
line.violation { stroke: var(--bad); stroke-width: 2; stroke-dasharray: 5 3; }
.flag rect { fill: var(--bad); } .flag text { fill: var(--paper); font-weight: 700; }
.claim { fill: none; stroke: var(--warn); stroke-width: 2; stroke-dasharray: 4 2; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; list-style: none; font-size: .85rem; color: var(--soft); }
.legend li { display: flex; align-items: center; gap: .45rem; } .legend svg { flex: none; }
.narrow { display: none; }

@media screen and (max-width: 62rem) {
  table, tbody { display: block; } thead { display: none; }
  tbody tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .5rem 1rem; padding: .9rem 0; }
  tbody th { grid-column: 1 / -1; padding: 0; font-size: 1rem; } tbody td { padding: 0; }
  td::before { content: attr(data-label); display: block; font-size: .78rem; color: var(--soft); font-weight: normal; }
  .skipped td:last-child { grid-column: 1 / -1; }
}
@media screen and (max-width: 40rem) {
  body { padding: 1.1rem 1rem 3rem; } h1 { font-size: 1.25rem; gap: .7rem; } h1 i { width: 1.7rem; height: 1.7rem; line-height: 1.7rem; font-size: 1rem; }
  .tiles { grid-template-columns: 1fr 1fr; gap: .6rem; } .tile { padding: .6rem .75rem; } .tile b { font-size: 1.3rem; }
  tbody tr { display: block; } tbody th { display: block; padding-bottom: .3rem; }
  tbody td { display: flex; flex-wrap: wrap; justify-content: flex-end; align-items: baseline; gap: 0 .6rem; padding: .12rem 0; white-space: normal; }
  td::before { margin-right: auto; } .skipped td[data-label=Why]::before { width: 100%; }
  .skipped td[data-label=Why] { justify-content: flex-start; }
  article { padding: .8rem .8rem .9rem; } .figures { display: block; }
  .figures > div { display: flex; justify-content: space-between; gap: 1rem; padding: .1rem 0; align-items: baseline; }
  .facts { display: block; } .facts > div { display: flex; gap: .8rem; padding: .1rem 0; } .facts dt { flex: none; width: 4.2rem; }
  .picture .names { width: 4.9rem; } .names text { font-size: 11px; } .wide { display: none; } .narrow { display: inline; }
}
@media print {
  html { font-size: 11.5px; } body { max-width: none; padding: 0; font-size: 11px; } table { font-size: 9px; } th, td { padding: .35rem .25rem; }
  thead th, td small, th small, td .badge { font-size: 8px; }
  svg text, .names text { font-size: 10px; } .badge { padding: 0 .35rem; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  article, figure, .tile, tbody tr { break-inside: avoid; } h2, h3, h4 { break-after: avoid; } .up { display: none; }
  a { color: inherit; text-decoration: none; }
}
`;
