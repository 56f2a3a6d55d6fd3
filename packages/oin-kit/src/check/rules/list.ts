import { rules } from "./all.ts";
import { areas, documents } from "./rule.ts";

/** Every rule as Markdown: docs/reference/readiness-rules.md is exactly this. */
export function ruleList(): string {
  const sections = Object.entries(areas).map(([area, heading]) => {
    const rows = Object.entries(rules)
      .filter(([, rule]) => rule.area === area)
      .map(([id, { title, document, section, fix, level }]) => {
        const [name, url] = documents[document];
        return `| \`${id}\` | ${title} | ${level === "must" ? "fails" : "warns"} | [${name}](${url}), ${section} | ${fix} |`;
      });
    const table = [
      "| rule | what has to be true | else it | source | how to mend it |",
      "| --- | --- | --- | --- | --- |",
      ...rows,
    ];
    return `## ${heading}\n\n\`--only ${area}\`\n\n${table.join("\n")}\n`;
  });
  return `${introduction}\n${sections.join("\n")}`;
}

const introduction = `# Readiness rules

What \`npm run oin:check\` looks at: [Check readiness](../how-to/check-readiness.md) says how to run it. This page is
written by \`npm run --silent oin:check -- --rules\`.

A rule that **fails** keeps an integration from being published, or breaks with Okta's traffic; one that **warns** costs
a question in review, or keeps other clients than Okta out. What cannot be seen from outside is reported as not
checkable and never as passed: how to look at it yourself stands in the last column.
`;
