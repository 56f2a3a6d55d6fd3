import { clickPath, okta } from "okta-labels/labels";
import type { DemoTenant } from "../../../../src/demo/tenants.ts";

/** One step of the set-up. */
export interface GuidedStep {
  id: string;
  title: string;
  /** Instructions in order. Okta's labels come from okta-labels. */
  actions: string[];
  /** Values to paste into Okta's fields of these names. */
  values: { label: string; value: string }[];
  /** The page of the application on which the step continues. */
  link: { label: string; href: string } | null;
  done: boolean;
}

/** Where a person creates an app integration of their own. */
export const createIntegration = clickPath(okta.menus.applications, okta.catalog.createIntegration);

/** How the app of one sign-in protocol is created and connected. */
export type AppInstructions = (
  tenant: DemoTenant,
  baseUrl: string,
) => Pick<GuidedStep, "title" | "actions" | "values">;
