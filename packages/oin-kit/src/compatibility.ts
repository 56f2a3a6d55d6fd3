/** The Wizard's values by screen and label: docs/oin/values.json, and the published copy of it. */
export type WizardValues = Record<string, Record<string, string | readonly string[] | null>>;

interface WatchedField {
  screen: string;
  label: string;
  /** The consequence for customers of the integration if a value disappears. */
  consequence: string;
}

/** The fields that customers' app instances rely on (Okta: update-oin-app, Considerations). */
const watchedFields: readonly WatchedField[] = [
  {
    screen: "Tenant settings",
    label: "Name",
    consequence: "a renamed variable is a new, empty one, and every URL with the old one breaks",
  },
  { screen: "OIDC properties", label: "Redirect URIs", consequence: "sign-ins that end there fail" },
  { screen: "OIDC properties", label: "Initiate login URI", consequence: "tiles lead nowhere" },
  {
    screen: "OIDC properties",
    label: "Post-logout URIs",
    consequence: "signing out ends with an error in Okta",
  },
  { screen: "SAML properties", label: "Default ACS URL", consequence: "responses go to the old address" },
  { screen: "SAML properties", label: "ACS URLs", consequence: "responses go to the old address" },
  {
    screen: "SAML properties",
    label: "Entity ID",
    consequence: "the audience changes, and responses are refused",
  },
  {
    screen: "SAML properties",
    label: "Attribute statements",
    consequence: "the attribute is no longer sent",
  },
  { screen: "SAML properties", label: "Group attributes", consequence: "roles that depend on it are lost" },
  {
    screen: "Universal Logout properties",
    label: "Global token revocation endpoint",
    consequence: "Universal Logout no longer reaches the product",
  },
  { screen: "SCIM properties", label: "Base URL", consequence: "provisioning stops" },
  {
    screen: "SCIM properties",
    label: "Authentication mode",
    consequence: "stored tokens are sent in another form",
  },
  { screen: "SCIM properties", label: "Objects", consequence: "groups are no longer pushed" },
  { screen: "SCIM properties", label: "User operations", consequence: "Okta no longer does it" },
  { screen: "SCIM properties", label: "Group operations", consequence: "Okta no longer does it" },
  {
    screen: "Add integration capabilities",
    label: "Single sign-on",
    consequence: "customers lose the way they sign in",
  },
  {
    screen: "Add integration capabilities",
    label: "Provisioning",
    consequence: "customers lose provisioning",
  },
];

/**
 * The changes that would break customers of the published integration: removed or changed values that they rely on, and
 * new variables, which they have not filled in.
 */
export function compatibilityProblems(published: WizardValues, current: WizardValues): string[] {
  const gone = watchedFields.flatMap(({ screen, label, consequence }) => {
    const now = listed(current, screen, label);
    return listed(published, screen, label)
      .filter((value) => !now.includes(value))
      .map((value) => `${screen}, ${label}: ${value} was published and is gone; ${consequence}.`);
  });
  const known = listed(published, "Tenant settings", "Name");
  const added = listed(current, "Tenant settings", "Name").filter((name) => !known.includes(name));
  return [
    ...gone,
    ...added.map(
      (name) =>
        `Tenant settings, Name: ${name} is new, and empty in existing app instances; every expression must work without it, ` +
        `like ${fallbacks(name)}.`,
    ),
  ];
}

/** Expressions for an empty variable (Okta: update-oin-app, Considerations): SAML's differs from the other two dialects. */
const fallbacks = (name: string) =>
  `(String.len(app.${name}) == 0 ? '…' : '…' + app.${name}) for OIDC, SCIM and Universal Logout, and ` +
  `(empty org.${name} ? '…' : '…' += org.${name}) for SAML`;

/** The values under a label. Values with names of their own (`Attribute statements: email`) include the name. */
function listed(values: WizardValues, screen: string, label: string): string[] {
  return Object.entries(values[screen] ?? {}).flatMap(([name, value]) => {
    if (name === label) return [value ?? []].flat();
    return name.startsWith(`${label}: `) ? [`${name.slice(label.length + 2)} = ${value}`] : [];
  });
}
