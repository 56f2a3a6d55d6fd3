/**
 * SAML in src/: what belongs to it alone, and the lines that attach it to the rest. `--remove` does not know it yet, because
 * views, guides, the demo and many tests have no marks; docs/decisions/0071 says what is missing.
 */

/** Files and folders of SAML alone. Its migrations stay: a fork's database has them. */
export const samlFiles = [
  "src/saml",
  "src/admin/saml-actions.ts",
  "src/admin/saml-form.ts",
  "src/admin/saml-keys.ts",
  "src/cli/connection-saml.ts",
  "src/cross-app-access/saml-naming.ts",
  "src/inspector/describe/saml.ts",
  "src/inspector/describe/saml-summary.ts",
  "src/inspector/describe/saml-xml.ts",
] as const;

/** Removes the lines that end with the mark, and what is between two of them. */
export function withoutSaml(text: string): string {
  return text
    .replaceAll(/^ *\/\/ SAML \{\n[\s\S]*?^ *\/\/ SAML \}\n/gm, "")
    .replaceAll(/^.*\/\/ SAML\n/gm, "");
}
