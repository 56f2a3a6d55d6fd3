import { testsOfSaml } from "./saml-tests.ts";

/** Files and folders that only SAML uses. Its migrations stay: a fork's database has them. */
export const ownedBySaml = [
  ...testsOfSaml,
  "docs/explanation/pictures/saml-sign-in.svg",
  "docs/explanation/saml.md",
  "docs/guides/saml.html",
  "docs/guides/saml.md",
  "docs/guides/saml.pdf",
  "examples/existing-app/src/saml.ts",
  "packages/saml-policy",
  "src/admin/saml-actions.ts",
  "src/admin/saml-form.ts",
  "src/admin/saml-keys.ts",
  "src/cli/connection-saml.ts",
  "src/cross-app-access/saml-naming.ts",
  "src/inspector/describe/saml-summary.ts",
  "src/inspector/describe/saml-xml.ts",
  "src/inspector/describe/saml.ts",
  "src/saml",
  "tools/bench/src/part-saml.ts",
  "views/guide/saml.md.ejs",
  "views/partials/own-app-saml.ejs",
  "views/partials/set-up-certificates.ejs",
  "views/partials/set-up-saml.ejs",
];
