/** The style sheet of the HTML report: screens, phones, dark mode and paper. It names only fonts of the reader's system. */
export const reportStyles = `
:root {
  color-scheme: light dark;
  --background: #f6f7fb;
  --surface: #fff;
  --text: #181b2c;
  --muted: #565c75;
  --line: #d9dce8;
  --link: #1d4fc4;
  --pass: #0b6b3a;
  --fail: #b3261e;
  --warning: #874800;
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #0e111d;
    --surface: #161a29;
    --text: #e9ebf5;
    --muted: #a6acc5;
    --line: #343a52;
    --link: #9db8ff;
    --pass: #7fd6a4;
    --fail: #ff9d94;
    --warning: #f5bd70;
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  max-width: 76rem;
  margin-inline: auto;
  padding: 1.5rem clamp(1rem, 4vw, 2.5rem) 3rem;
  background: var(--background);
  color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: clamp(1.5rem, 4vw, 2rem); line-height: 1.2; text-wrap: balance; }
h2 { margin: 2.5rem 0 0.75rem; font-size: 1.25rem; line-height: 1.3; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code { color: var(--muted); font: 0.85em/1.4 ui-monospace, monospace; }
footer { margin-top: 2.5rem; color: var(--muted); font-size: 0.875rem; }
.conclusion {
  margin-top: 1rem;
  padding: 0.75rem 1rem;
  border-inline-start: 5px solid var(--pass);
  background: var(--surface);
  font-weight: 600;
}
.conclusion.fail { border-color: var(--fail); }
dl { display: grid; gap: 0.25rem; margin-top: 1.5rem; }
dl div { display: grid; grid-template-columns: 9rem 1fr; gap: 1rem; }
dt { color: var(--muted); }
dd { margin: 0; }
table { width: 100%; border-collapse: collapse; background: var(--surface); }
th, td { padding: 0.5rem 0.75rem; border: 1px solid var(--line); text-align: start; vertical-align: top; }
th { font-weight: 600; }
thead th { color: var(--muted); font-size: 0.8125rem; }
.wide { overflow-x: auto; }
.summary { overflow-wrap: normal; }
.summary td { text-align: end; font-variant-numeric: tabular-nums; }
.total { font-weight: 700; }
.rules { table-layout: fixed; font-size: 0.9375rem; }
.rules thead th:nth-child(1) { width: 10.5rem; }
.rules thead th:nth-child(2) { width: 28%; }
.rules thead th:nth-child(4) { width: 19%; }
.rules tbody th { width: auto; font-weight: 500; }
.rules tr:target { outline: 3px solid var(--link); outline-offset: -3px; }
.fix { margin-top: 0.375rem; color: var(--muted); }
.attention { padding: 0; list-style: none; }
.attention li + li { margin-top: 0.375rem; }
.outcome { font-weight: 700; white-space: nowrap; }
.outcome.pass { color: var(--pass); }
.outcome.fail { color: var(--fail); }
.outcome.warning { color: var(--warning); }
.outcome.not-checkable { color: var(--muted); }
@media screen and (max-width: 45rem) {
  dl div { grid-template-columns: 1fr; gap: 0; }
  .summary :is(th, td) { padding: 0.375rem 0.5rem; font-size: 0.8125rem; }
  .rules, .rules tbody, .rules tr, .rules th, .rules td { display: block; width: auto; }
  .rules thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .rules tr { padding: 0.625rem 0.75rem; border: 1px solid var(--line); }
  .rules tr + tr { border-top: 0; }
  .rules tbody :is(th, td) { padding: 0.125rem 0; border: 0; }
  .rules td[data-label]::before { content: attr(data-label) ": "; color: var(--muted); font-size: 0.8125rem; }
}
@media print {
  @page { margin: 15mm; }
  :root {
    --background: #fff;
    --surface: #fff;
    --text: #000;
    --muted: #444;
    --line: #999;
    --link: #000;
    --pass: #0b6b3a;
    --fail: #b3261e;
    --warning: #874800;
  }
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  .rules { font-size: 8.5pt; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
  .wide { overflow: visible; }
}
`;
