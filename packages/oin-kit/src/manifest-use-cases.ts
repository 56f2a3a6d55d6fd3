import type { Integration, UseCase } from "./integration.ts";
import { limits, useCases } from "./limits.ts";
import type { ManifestRule } from "./manifest-rules.ts";

/** Okta's word for the level of a contradiction: a reviewer removes the use case, or asks about it. */
type Contradiction = "refused" | "questioned";

/** A use case that promises more than this kind of integration can do (Okta: submit-app-prereq, "Use cases"). */
interface DoubtfulUseCase {
  useCase: UseCase;
  contradiction: Contradiction;
  fits(manifest: Integration): boolean;
  why: string;
}

const doubtful: readonly DoubtfulUseCase[] = [
  {
    useCase: "Directory and HR Sync",
    contradiction: "refused",
    fits: () => false,
    why: "is for products that are a source of profiles, and the Wizard offers no profile sourcing (oin@okta.com does)",
  },
  {
    useCase: "Centralized Logging",
    contradiction: "refused",
    fits: () => false,
    why: "is for API services that read Okta's System Log, and that capability excludes all others",
  },
  {
    useCase: "Identity Verification",
    contradiction: "refused",
    fits: () => false,
    why: "is for products with the capability Identity Verification, which this manifest does not have",
  },
  {
    useCase: "Identity Governance and Administration (IGA)",
    contradiction: "refused",
    fits: ({ scim }) => scim !== null,
    why: "needs provisioning",
  },
  {
    useCase: "Automation",
    contradiction: "questioned",
    fits: () => false,
    why: "is described as automation of Okta by API services, which this integration is not",
  },
];

/** The rules for the use cases that the ISV chooses. Okta adds others, and five categories are the most for one listing. */
export function useCaseRules(manifest: Integration): ManifestRule[] {
  const { useCases: chosen } = manifest;
  const field = "useCases";
  const source = "useCases";
  const unknown = chosen.filter((useCase) => !useCases.includes(useCase));
  const added = defaultUseCases(manifest);
  const categories = chosen.length + added.length;
  const sum = `makes ${categories} categories with ${added.join(" and ")}, which Okta adds`;
  return [
    {
      field,
      rule: "use-case-count",
      must: chosen.length <= limits.useCases,
      otherwise: `has ${chosen.length} entries, and at most ${limits.useCases} are allowed`,
      source,
    },
    {
      field,
      rule: "use-case-name",
      must: unknown.length === 0,
      otherwise: `has ${unknown.join(", ")}, which the Wizard does not offer`,
      source,
    },
    {
      field,
      rule: "use-case-once",
      must: new Set(chosen).size === chosen.length,
      otherwise: "names one twice",
      source,
    },
    {
      field,
      rule: "category-count",
      must: categories <= limits.categories,
      otherwise: `${sum}, and at most ${limits.categories} are allowed`,
      source,
    },
    {
      field,
      rule: "category-slot",
      should: categories !== limits.categories,
      otherwise: `${sum}: no place is left for Okta's Secure Identity collection`,
      source,
    },
    ...contradictions(manifest),
  ];
}

/** The use cases that Okta adds, because the integration has these capabilities. */
function defaultUseCases({ oidc, saml, scim }: Integration): string[] {
  return [...(oidc || saml ? ["Single Sign-On"] : []), ...(scim ? ["Lifecycle Management"] : [])];
}

function contradictions(manifest: Integration): ManifestRule[] {
  return doubtful
    .filter(({ useCase }) => manifest.useCases.includes(useCase))
    .map(({ useCase, contradiction, fits, why }) => ({
      field: "useCases",
      rule: "use-case-fits",
      otherwise: `has ${useCase}, which ${why}`,
      source: "useCases",
      ...(contradiction === "refused" ? { must: fits(manifest) } : { should: fits(manifest) }),
    }));
}
