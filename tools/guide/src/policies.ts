import { readFileSync } from "node:fs";
import { policy } from "saml-policy/policy";
import { fileUrl } from "./files.ts";

const [begin, end] = ["<!-- policy: written by npm run guide -->", "<!-- end of the policy -->"];
const samlPage = "docs/explanation/saml.md";

/** Pages with the tables of the policies that they explain, by path. The text around the tables is written by hand. */
export function policyTexts(): ReadonlyMap<string, string> {
  const page = readFileSync(fileUrl(samlPage), "utf8");
  const [before, rest] = page.split(`${begin}\n`);
  const after = rest?.split(`${end}\n`)[1];
  if (before === undefined || after === undefined) throw new Error(`${samlPage} has no place for the policy`);
  return new Map([[samlPage, `${before}${begin}\n\n${tables()}\n${end}\n${after}`]]);
}

function tables(): string {
  const phases = policy.map(({ name, isEncryption, rules }, index) => {
    const rows = rules.map(
      ({ id, name: rule, reason, citation }) => `| ${rule} | \`${reason}\` | ${citation} | \`${id}\` |`,
    );
    const note = isEncryption ? ", if the assertion is encrypted" : "";
    return [
      `**${index + 1}. ${name}${note}**`,
      "",
      "| what must hold | reason | source | rule |",
      "| --- | --- | --- | --- |",
      ...rows,
      "",
    ].join("\n");
  });
  return phases.join("\n");
}
