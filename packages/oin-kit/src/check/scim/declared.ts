import type { Integration } from "../../integration.ts";
import type { Product } from "../../product.ts";
import type { CheckReport } from "../report.ts";
import type { RuleId } from "../rules/all.ts";

type ScimCapability = NonNullable<Integration["scim"]>;

/** What a manifest promises about the server that is checked. */
export interface DeclaredScim {
  capability: ScimCapability;
  /** The paths of the product's attribute table. */
  attributes: readonly string[];
}

/**
 * The manifest's promises about a server; null for a server that does not belong to the product. It belongs to the product
 * if the deployment is checked, too, or if it has the manifest's URL.
 */
export function declarationFor(
  product: Product | null,
  deployment: string | null,
  scimUrl: string,
): DeclaredScim | null {
  if (!product?.manifest.scim) return null;
  const { manifest, addresses, attributes } = product;
  const isOwn = deployment !== null || scimUrl.replace(/\/$/, "") === manifest.origin + addresses.scim;
  return isOwn ? { capability: product.manifest.scim, attributes: attributes.map(({ scim }) => scim) } : null;
}

interface Promised {
  /** The manifest's member, as config/integration.ts spells it. */
  name: string;
  isDeclared(capability: ScimCapability): boolean;
  /** The rules that show whether it works. */
  rules: readonly RuleId[];
}

/** The boxes of the Wizard's SCIM screens. */
const promises: readonly Promised[] = [
  {
    name: "scim.users.create",
    isDeclared: ({ users }) => users.create,
    rules: ["scim-create", "scim-create-attributes", "scim-duplicate"],
  },
  {
    name: "scim.users.update",
    isDeclared: ({ users }) => users.update,
    rules: ["scim-put", "scim-put-attributes", "scim-put-empty"],
  },
  {
    name: "scim.users.deactivate",
    isDeclared: ({ users }) => users.deactivate,
    rules: ["scim-patch-pathless", "scim-deactivated-readable", "scim-deactivated-found", "scim-reactivated"],
  },
  {
    name: "scim.users.changePassword",
    isDeclared: ({ users }) => users.changePassword,
    rules: ["scim-password-change"],
  },
  {
    name: "scim.users.patch",
    isDeclared: ({ users }) => users.patch,
    rules: ["scim-patch-profile", "scim-patch-attributes"],
  },
  {
    name: "scim.users.importUserSchema",
    isDeclared: ({ users }) => users.importUserSchema,
    rules: ["scim-import-user-schema", "scim-schema-attributes", "scim-schema-required"],
  },
  {
    name: "scim.groups.create",
    isDeclared: ({ groups }) => groups?.create ?? false,
    rules: ["scim-groups", "scim-group-create", "scim-group-find"],
  },
  // Okta allows answers that show no members. The other rules about members need them.
  {
    name: "scim.groups.update",
    isDeclared: ({ groups }) => groups?.update ?? false,
    rules: ["scim-group-create", "scim-group-rename"],
  },
  {
    name: "scim.groups.delete",
    isDeclared: ({ groups }) => groups?.delete ?? false,
    rules: ["scim-group-create", "scim-group-delete"],
  },
  {
    name: "scim.entitlements",
    isDeclared: ({ entitlements }) => entitlements.length > 0,
    rules: [
      ...(["scim-entitlement-declared", "scim-resource-type-fields", "scim-entitlement-paging"] as const),
      ...(["scim-entitlement-resources", "scim-entitlement-assigned"] as const),
    ],
  },
];

/**
 * Fails the rules of a declared capability that no step could judge. If one of its rules fails already, that is the cause,
 * and the others stay as they are.
 */
export function judgeDeclared(report: CheckReport, declared: DeclaredScim): void {
  const open = promises
    .filter(({ isDeclared }) => isDeclared(declared.capability))
    .map(({ name, rules }) => ({
      name,
      results: rules.map((rule) => ({ rule, ...report.verdictOf(rule) })),
    }))
    .filter(({ results }) => !results.some(({ verdict }) => verdict === "fail"));
  for (const { name, results } of open) {
    for (const { rule, verdict, seen } of results)
      if (verdict === "not-checkable")
        report.judge(rule, false, `the manifest declares ${name}, but this was not checkable: ${seen}`);
  }
}
