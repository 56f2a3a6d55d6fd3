/** Tests, and helpers of tests, that only SAML uses. */
export const testsOfSaml = [
  "test/helpers/hostile-responses.ts",
  "test/helpers/saml-response.ts",
  "test/helpers/saml-site.ts",
  "test/helpers/samlp.d.ts",
  "test/helpers/signature-wrapping.ts",
  "test/helpers/wild-metadata.ts",
  "test/saml",
  "test/universal-logout/saml.test.ts",
];
