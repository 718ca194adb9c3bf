/** Of the page of the API. Its hash is in the page's Content-Security-Policy, so it stands in the page to the letter. */
export const style = `
:root { --ink: #1d2430; --soft: #5a6575; --paper: #fff; --line: #d9dee6; --raised: #f5f7fa; --link: #0b5cad;
  --get: #0b6b3a; --post: #7a4b00; --put: #5a3ea6; --patch: #5a3ea6; --delete: #a8201a; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa5b4; --paper: #12161c; --line: #2c343f;
  --raised: #1a2028; --link: #7db8f5; --get: #6fcf97; --post: #f2b84b; --put: #b79df0; --patch: #b79df0;
  --delete: #f28b82; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; padding: 1.5rem; max-width: 76rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif; display: grid; gap: 0 2.5rem;
  grid-template: "header header" auto "nav main" auto / 11rem minmax(0, 1fr); }
header { grid-area: header; border-bottom: 1px solid var(--line); margin-bottom: 1rem; }
nav { grid-area: nav; position: sticky; top: 1rem; align-self: start; max-height: 95vh; overflow: auto; }
main { grid-area: main; }
h1 { margin: 0; font-size: 1.7rem; } h2 { margin: 1.5rem 0 .5rem; font-size: 1.25rem; }
h3, h4 { margin: .9rem 0 .3rem; font-size: .95rem; } section:first-child h2 { margin-top: 0; }
p { margin: .4rem 0; } a { color: var(--link); } small { color: var(--soft); font-weight: normal; }
nav ul { list-style: none; margin: 0; padding: 0; } nav li { padding: .15rem 0; }
code, pre { font: .875em/1.45 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { margin: .4rem 0; padding: .5rem .7rem; background: var(--raised); border-radius: 5px; white-space: pre-wrap; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .45rem 0; padding: 0 .9rem; }
details[open] { padding-bottom: .9rem; } details:target { border-color: var(--link); }
summary { cursor: pointer; padding: .5rem 0; display: flex; flex-wrap: wrap; gap: .1rem .7rem; align-items: baseline; }
summary b { width: 4.2rem; font-size: .8rem; letter-spacing: .03em; } summary span { color: var(--soft); }
summary span { flex: 1 1 18rem; } summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); } .patch { color: var(--patch); }
.delete { color: var(--delete); } .access { color: var(--soft); font-size: .9rem; }
table { border-collapse: collapse; width: 100%; } tr { border-top: 1px solid var(--line); }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; font-weight: normal; }
th { width: 11rem; } th small { display: block; } dt { font-weight: 600; } dd { margin: 0 0 .6rem; }
@media (max-width: 46rem) { body { display: block; padding: 1rem; } nav { position: static; max-height: none; }
  nav ul { display: flex; flex-wrap: wrap; gap: .1rem 1rem; }
  main { margin-top: 1rem; } summary code { flex: 1; } summary span { flex-basis: 100%; } th { width: 6.5rem; } summary b { width: 3.6rem; } }
@media print { nav { display: none; } body { display: block; } }
`;
