/** Style of the HTML report: one column, as wide as a line is read well, light or dark, on paper too. */
export const reportStyle = `
:root { color-scheme: light dark; --back: #fff; --text: #1c1f24; --soft: #667; --line: #dde1e7; --box: #f5f6f8; --bad: #b3261e; --bad-back: #fdeceb; --good: #1f7a45; --wait: #8a5a00; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14171c; --text: #e4e7ec; --soft: #9aa3b0; --line: #2d333c; --box: #1d2128; --bad: #ff8a80; --bad-back: #3a1c1a; --good: #6fcf97; --wait: #f0b94a; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 58rem; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.2rem 0 .6rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); font-size: 1.15rem; }
header p { margin: .4rem 0 0; color: var(--soft); }
ul { margin: .4rem 0; padding-left: 1.2rem; }
li { margin: .2rem 0; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .6rem; margin: 1.2rem 0; }
dl > div { padding: .6rem .8rem; border-radius: .4rem; background: var(--box); }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .wait { color: var(--wait); }
.attention { margin: 1.2rem 0; padding: .2rem 1rem .6rem; border-left: .3rem solid var(--bad); border-radius: .3rem; background: var(--bad-back); }
.attention h2 { margin: .6rem 0 .2rem; border: 0; color: var(--bad); }
.none { color: var(--soft); }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: normal; }
td:last-child { min-width: 9rem; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
time { white-space: nowrap; font-variant-numeric: tabular-nums; }
code, pre { font: .85em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { padding: .05rem .25rem; border-radius: .2rem; background: var(--box); }
pre { margin: .6rem 0; padding: .7rem .9rem; border-radius: .4rem; background: var(--box); overflow-x: auto; white-space: pre; overflow-wrap: normal; }
.tasks td:first-child { width: 2rem; } .tasks td:last-child { width: 11rem; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
@media print { body { max-width: none; padding: 0; } h2, tr { break-inside: avoid; break-after: avoid; } }
`;
