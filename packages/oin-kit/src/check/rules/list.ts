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
      "| rule | requirement | otherwise it | source | how to fix it |",
      "| --- | --- | --- | --- | --- |",
      ...rows,
    ];
    return `## ${heading}\n\n\`--only ${area}\`\n\n${table.join("\n")}\n`;
  });
  return `${introduction}\n${sections.join("\n")}`;
}

const introduction = `# Readiness rules

The rules of \`npm run oin:check\`. [Check readiness](../how-to/check-readiness.md) explains how to run it.
\`npm run --silent oin:check -- --rules\` writes this page.

A rule **fails** if Okta would not publish the integration, or if Okta's traffic would break. It **warns** if reviewers would
ask a question, or if clients other than Okta would break. A rule that cannot be checked from outside is reported as not
checkable, never as passed; the last column says how to check it yourself.
`;
