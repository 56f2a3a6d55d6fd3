import type { OrgPerson } from "okta-stand-in/state";
import type { Locator, Page } from "playwright-core";
import type { CopiedValue } from "./text.ts";

/** The reader of a guide has this before the first step. */
export interface Customer {
  /** The name of the app, in Okta's catalog and by itself. */
  app: string;
  productUrl: string;
  orgUrl: string;
  /** The person in the org who is assigned for single sign-on. */
  person: OrgPerson;
  /** The one who is assigned for provisioning. */
  provisionedPerson: OrgPerson;
  /** The one whom the steps of "Test" assign. */
  otherPerson: OrgPerson;
  /** A group that the provisioned person is in. */
  group: string;
  /** The provisioned person gets these in the product, by the names that the org shows. */
  entitlements: readonly string[];
  /** Answers to the conditions of the guide, by their words after "If". */
  facts: Readonly<Record<string, boolean>>;
}

/** The windows in front of the reader. */
export interface Windows {
  /** The product, signed in as an owner. */
  product: Page;
  /** The Admin Console of the org. */
  okta: Page;
  /** The browser of the test person. */
  tester: Page;
  /** The window that the product opened last. */
  opened?: Page;
}

/** A guide's reader, who understands only what acts.ts lists. */
export interface Reader extends Customer {
  windows: Windows;
  /** The window that the reader looks at. */
  at: keyof Windows;
  /** Everything that the reader copied or remembers, by its name in lower case. */
  copied: Map<string, string>;
  /** The guide's table of values to copy. */
  values: readonly CopiedValue[];
  /** The last field that the reader changed: the next button is that of its form. */
  touched: Locator | null;
  /** The part of the page that the sentence is about. */
  part: Locator | null;
  /** Follows a section of the guide again. */
  follow(section: string): Promise<void>;
}

export function newReader(customer: Customer, windows: Windows): Reader {
  windows.product.on("popup", (opened) => Object.assign(windows, { opened }));
  const follow = () => Promise.reject(new Error("no guide is open"));
  const nothingYet = { copied: new Map<string, string>(), values: [], touched: null, part: null, follow };
  return { ...customer, ...nothingYet, windows, at: "product" };
}

export function pageOf({ windows, at }: Reader): Page {
  const page = windows[at];
  if (!page) throw new Error(`the reader has no window "${at}"`);
  return page;
}
