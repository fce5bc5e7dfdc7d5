/** CSS of a report, after that of every page. Underlines say the same as colours. */
const INKS = {
  for: { light: "#cdebe4", dark: "#10433d" },
  "for-line": { light: "#0f766e", dark: "#2dd4bf" },
  against: { light: "#fdf4f2", dark: "#241615" },
  "against-line": { light: "#b3402e", dark: "#f08b7c" },
  raised: { light: "#f6f8f9", dark: "#161c24" },
  detected: { light: "#0f766e", dark: "#2dd4bf" },
  "not-detected": { light: "#5b6472", dark: "#9ca3af" },
  "too-short": { light: "#a14f08", dark: "#fbbf24" },
} as const;

function variables(tone: "light" | "dark"): string {
  return Object.entries(INKS)
    .map(([name, ink]) => `--${name}:${ink[tone]}`)
    .join(";");
}

export const STYLE = `
:root{${variables("light")}}
@media screen and (prefers-color-scheme:dark){:root{${variables("dark")}}}
main{max-width:60rem}
h1{font:600 1rem/1.4 system-ui,sans-serif;letter-spacing:.08em;text-transform:uppercase;color:var(--muted);margin:.5rem 0}
h2{font-size:1.3rem;border-top:1px solid var(--grid);padding-top:1.25rem;margin:1.75rem 0 .75rem}
h3{font-size:1rem;margin:1rem 0 .35rem}
p{margin:.35rem 0 .75rem}
a{color:inherit}
.about{margin:0;font-weight:600;overflow-wrap:anywhere}
.verdict{border-left:6px solid var(--tone);background:var(--raised);padding:1.25rem 1.5rem;margin-top:1rem}
.verdict h2{border:0;margin:0;padding:0;font-size:2rem;color:var(--tone)}
.verdict p{font-size:1.1rem;margin:.5rem 0 0}
.verdict .small{font-size:.9375rem;color:var(--muted)}
.verdict.detected{--tone:var(--detected)}
.verdict.not-detected{--tone:var(--not-detected)}
.verdict.too-short{--tone:var(--too-short)}
.warnings{border:1px solid var(--too-short);padding:.75rem 1.25rem;margin-top:1rem}
.warnings h2{border:0;margin:0;padding:0;font-size:1rem}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:1px;background:var(--grid);border:1px solid var(--grid);margin:1rem 0 0}
.facts div{background:var(--paper);padding:.75rem 1rem}
.facts dt{color:var(--muted);font-size:.8125rem}
.facts dd{margin:0;font-size:1.25rem;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.facts dd small{display:block;font-weight:400;font-size:.8125rem;color:var(--muted)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;padding:0;margin:1rem 0 0;font-size:.875rem}
.says{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(18rem,100%),1fr));gap:0 2rem}
.legend{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;list-style:none;padding:0;font-size:.875rem}
.tokens{font:1.0625rem/2 Charter,Georgia,serif;white-space:pre-wrap;overflow-wrap:anywhere;max-width:46rem}
.for,.against,.unscored{border-radius:2px;padding:.1em 0}
.for{background:var(--for);border-bottom:2px solid var(--for-line)}
.against{background:var(--against);border-bottom:1px dotted var(--against-line)}
.unscored{color:var(--muted);font-style:italic}
mark{background:none;color:inherit;border-top:2px solid var(--text);padding:.3em 0 0;-webkit-box-decoration-break:clone;box-decoration-break:clone}
mark a,mark b{font:700 .75rem/1 system-ui,sans-serif;vertical-align:super;padding:0 .35em;margin-right:.2em;background:var(--text);color:var(--paper);text-decoration:none}
.tokens i{font:600 .6875rem/1 system-ui,sans-serif;border:1px solid var(--muted);border-radius:3px;padding:0 .2em;margin:0 .1em}
.tokens span:focus{outline:3px solid var(--focus);outline-offset:1px}
#choose{position:sticky;bottom:0;display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;background:var(--raised);border:1px solid var(--grid);padding:.5rem .75rem;font-size:.875rem;margin-top:1rem}
#choose[hidden]{display:none}
#choose button{font:inherit;color:var(--text);background:var(--paper);border:1px solid var(--muted);border-radius:4px;padding:.35rem .75rem;min-height:2rem}
#readout{flex:1 1 14rem;overflow-wrap:anywhere}
.cut{color:var(--muted);font-size:.875rem}
code{overflow-wrap:anywhere}
.record table{table-layout:fixed;width:100%}
.record th:first-child{width:32%}
.record th,.record td{overflow-wrap:anywhere}
@media print{nav,#choose{display:none}.for,.against,.verdict,mark a,mark b{print-color-adjust:exact;-webkit-print-color-adjust:exact}.tokens{font-size:10pt}h2,h3{break-after:avoid}}
`;
