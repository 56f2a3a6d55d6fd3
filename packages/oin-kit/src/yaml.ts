import type { WizardValues } from "./compatibility.ts";

/** The values as YAML 1.2. JSON strings are valid double-quoted scalars (YAML 1.2 §5.7), so nothing is misread. */
export function toYaml(values: WizardValues): string {
  return Object.entries(values)
    .map(
      ([screen, fields]) => `${JSON.stringify(screen)}:\n${Object.entries(fields).map(fieldYaml).join("")}`,
    )
    .join("");
}

function fieldYaml([label, value]: [string, string | readonly string[] | null]): string {
  const name = `  ${JSON.stringify(label)}:`;
  if (value === null || typeof value === "string") return `${name} ${JSON.stringify(value)}\n`;
  if (value.length === 0) return `${name} []\n`;
  return `${name}\n${value.map((one) => `    - ${JSON.stringify(one)}\n`).join("")}`;
}
