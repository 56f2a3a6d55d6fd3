import { reportStyles } from "./html-styles.ts";
import type { RuleResult, RuleVerdict } from "./report.ts";
import { type Area, areas } from "./rules/rule.ts";
import type { CheckOutcome } from "./run.ts";
import { conclusion, visible } from "./wording.ts";

/** Each outcome has a word and a sign: colour alone says nothing on paper, or to everyone. */
const outcomes: Record<RuleVerdict, { word: string; sign: string }> = {
  fail: { word: "Fails", sign: "✗" },
  warning: { word: "Warning", sign: "!" },
  pass: { word: "Passes", sign: "✓" },
  "not-checkable": { word: "Not checkable", sign: "–" },
};
const verdicts = Object.keys(outcomes) as RuleVerdict[];

/** Forbids every request and script: the page shows texts of servers that may be hostile. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * The outcome as a web page in one file: it loads nothing, has no script, and can be printed. It shows what the JSON shows,
 * rule by rule.
 */
export function htmlReport(outcome: CheckOutcome): string {
  const subject = outcome.product?.name ?? outcome.scimUrl ?? "Identity provider";
  const title = `${subject}: readiness for the Okta Integration Network`;
  const chosen = (Object.keys(areas) as Area[]).filter((area) =>
    outcome.results.some((result) => result.area === area),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escaped(title)}</title>
<style>${reportStyles}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<p class="conclusion ${outcome.summary.fail > 0 || outcome.stopped ? "fail" : "pass"}">${escaped(conclusion(outcome))}</p>
</header>
<main>
${facts(outcome)}
${summary(outcome, chosen)}
${attention(outcome)}
${leftovers(outcome)}
${chosen.map((area) => section(area, outcome.results)).join("\n")}
</main>
<footer>
<p>Written by ${escaped(outcome.tool)}. A rule fails if Okta would not publish the integration, or if Okta's traffic would
break. It warns if reviewers would ask a question. A rule that cannot be checked from outside never passes.</p>
</footer>
</body>
</html>
`;
}

/** Escapes a text for HTML, and spells out characters that would reorder or hide it. */
function escaped(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

function facts({ product, url, scimUrl, connections, startedAt, endedAt, tool }: CheckOutcome): string {
  const seconds = Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
  const rows: [name: string, value: string | null][] = [
    ["Product", product?.name ?? null],
    ["Version", product?.version ?? null],
    ["Deployment", url],
    ["SCIM server", scimUrl],
    ["Connections", connections.join(", ") || null],
    ["Checked", `${moment(startedAt)}, for ${seconds} seconds`],
    ["Checked by", tool],
  ];
  const entries = rows.flatMap(([name, value]) =>
    value === null ? [] : [`<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`],
  );
  return `<dl>\n${entries.join("\n")}\n</dl>`;
}

/** A moment in the reader's calendar with its time zone: "29 November 2026 at 13:05:09 UTC (2026-11-29T13:05:09.120Z)". */
function moment(iso: string): string {
  const local = new Intl.DateTimeFormat("en-GB", {
    dateStyle: "long",
    timeStyle: "long",
  }).format(new Date(iso));
  return `${local} (${iso})`;
}

function summary({ summary: counts, results }: CheckOutcome, chosen: readonly Area[]): string {
  const head = verdicts.map((verdict) => `<th scope="col">${outcomes[verdict].word}</th>`).join("");
  const cells = (numbers: readonly number[]) => numbers.map((number) => `<td>${number}</td>`).join("");
  const rows = chosen.map((area) => {
    const numbers = verdicts.map(
      (verdict) => results.filter((one) => one.area === area && one.verdict === verdict).length,
    );
    return `<tr><th scope="row"><a href="#${area}">${areas[area]}</a></th>${cells(numbers)}</tr>`;
  });
  const total = cells(verdicts.map((verdict) => counts[verdict]));
  return `<h2>Summary</h2>
<div class="wide" role="region" aria-label="Summary" tabindex="0">
<table class="summary">
<thead><tr><th scope="col">Section</th>${head}</tr></thead>
<tbody>
${rows.join("\n")}
<tr class="total"><th scope="row">All sections</th>${total}</tr>
</tbody>
</table>
</div>`;
}

/** Links to every rule that failed or warned. */
function attention({ results }: CheckOutcome): string {
  const items = (["fail", "warning"] as const).flatMap((verdict) =>
    results
      .filter((result) => result.verdict === verdict)
      .map(({ rule, title }) => `<li>${badge(verdict)} <a href="#rule-${rule}">${escaped(title)}</a></li>`),
  );
  return items.length === 0 ? "" : `<h2>What to fix</h2>\n<ul class="attention">\n${items.join("\n")}\n</ul>`;
}

function leftovers({ left, scimUrl }: CheckOutcome): string {
  if (left.length === 0) return "";
  const items = left.map(
    ({ kind, id, why }) => `<li>${kind} <code>${escaped(id)}</code>: ${escaped(why)}</li>`,
  );
  return `<h2>Left behind at ${escaped(scimUrl ?? "")}</h2>\n<p>The check could not remove these. Remove them by hand.</p>\n<ul>\n${items.join("\n")}\n</ul>`;
}

/** On a phone, CSS shows each row as a block, which takes a table's roles away from screen readers. */
const columns = ["Outcome", "Requirement", "What was found", "Source"]
  .map((name) => `<th role="columnheader" scope="col">${name}</th>`)
  .join("");

function section(area: Area, results: readonly RuleResult[]): string {
  const rows = results.filter((result) => result.area === area).map(row);
  return `<section aria-labelledby="${area}">
<h2 id="${area}">${areas[area]}</h2>
<table class="rules" role="table">
<thead role="rowgroup"><tr role="row">${columns}</tr></thead>
<tbody role="rowgroup">
${rows.join("\n")}
</tbody>
</table>
</section>`;
}

function row({ rule, verdict, title, seen, fix, source }: RuleResult): string {
  const remedy = verdict === "pass" ? "" : `<p class="fix">To do: ${escaped(fix)}</p>`;
  return `<tr role="row" id="rule-${rule}">
<td role="cell">${badge(verdict)}</td>
<th role="rowheader" scope="row">${escaped(title)}<br><code>${rule}</code></th>
<td role="cell" data-label="What was found"><p>${escaped(seen)}</p>${remedy}</td>
<td role="cell" data-label="Source"><a href="${escaped(source.url)}">${escaped(source.document)}</a>, ${escaped(source.section)}</td>
</tr>`;
}

function badge(verdict: RuleVerdict): string {
  const { word, sign } = outcomes[verdict];
  return `<span class="outcome ${verdict}"><span aria-hidden="true">${sign}</span> ${word}</span>`;
}
