/**
 * The style of blocks, for the page and for the report's one file: calm, large enough for a phone at night, light or
 * dark. Colours carry nothing that words do not say as well.
 */
export const blockStyle = `
:root {
  color-scheme: light dark;
  --back: #f6f7f8; --card: #ffffff; --ink: #1c2128; --faint: #57606a; --line: #d5dae0; --link: #1f5a94;
  --waits: #8a5300; --waits-back: #fff3dc; --works: #1f5a94; --works-back: #e6f0fa;
  --good: #1d6b3c; --good-back: #e4f4ea; --bad: #a92b20; --bad-back: #fdeae8;
  --press: #1f5a94; --press-ink: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #14171b; --card: #1c2026; --ink: #d8dde3; --faint: #99a3ae; --line: #343b44; --link: #8cbcec;
    --waits: #ecc17a; --waits-back: #382b12; --works: #8cbcec; --works-back: #1a2c3e;
    --good: #84cfa0; --good-back: #17301f; --bad: #f2978e; --bad-back: #3d1d1a;
    --press: #2f6fae; --press-ink: #ffffff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--back); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.2; }
h2 { margin: 0 0 0.5rem; font-size: 1.2rem; line-height: 1.3; }
h2::first-letter { text-transform: uppercase; }
h3 { margin: 1.25rem 0 0.25rem; font-size: 1rem; }
p { margin: 0.5rem 0; }
ul, ol { margin: 0.5rem 0; padding-left: 1.25rem; }
li { margin: 0.2rem 0; }
time { white-space: nowrap; font-variant-numeric: tabular-nums; }
code, pre { font: 0.9em/1.5 ui-monospace, 'DejaVu Sans Mono', monospace; }
pre { margin: 0.5rem 0; padding: 0.75rem; background: var(--back); border: 1px solid var(--line); border-radius: 6px; overflow-x: auto; overflow-wrap: normal; font-size: 0.85rem; }
dl { display: grid; grid-template-columns: minmax(5.5rem, max-content) 1fr; gap: 0.4rem 1rem; margin: 0.75rem 0; }
dt { color: var(--faint); }
dd { margin: 0; }
details { margin: 0.5rem 0; }
summary { min-height: 44px; padding: 0.6rem 0; cursor: pointer; font-weight: 600; }
summary .faint { font-weight: 400; }
.faint { color: var(--faint); }
p.faint, span.faint { font-size: 0.9rem; }
.message { white-space: pre-wrap; }
.warnings li { color: var(--waits); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem; margin: 0 0 1rem; }
.trouble { background: var(--bad-back); color: var(--bad); border-radius: 6px; padding: 0.6rem 0.8rem; }
.badge { display: inline-block; padding: 0.05rem 0.55rem; border-radius: 1rem; font-weight: 600; font-size: 0.9rem; background: var(--back); color: var(--faint); }
.badge.waits { background: var(--waits-back); color: var(--waits); }
.badge.works { background: var(--works-back); color: var(--works); }
.badge.good { background: var(--good-back); color: var(--good); }
.badge.bad { background: var(--bad-back); color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; overflow-wrap: normal; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 400; }
td:last-child { min-width: 9rem; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.tasks td:first-child { width: 2rem; }
.tasks td:last-child { width: 11rem; }
.steps { list-style: none; padding: 0; }
.steps > li { display: grid; grid-template-columns: 1.5rem 1fr auto; gap: 0 0.5rem; margin: 0.6rem 0; }
.steps .took { color: var(--faint); white-space: nowrap; font-size: 0.9rem; }
.steps .summary { grid-column: 2 / -1; color: var(--faint); font-size: 0.9rem; margin: 0; }
.steps .to-do { color: var(--faint); }
.steps .running .sign { color: var(--works); }
.steps .done .sign { color: var(--good); }
.steps .failed .sign { color: var(--bad); }
.steps .holding .sign, .steps .skipped .sign { color: var(--waits); }
.chart { overflow-x: hidden; }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 0.6rem; }
}
`;
