/**
 * How the product presents itself. The first file that a fork edits; docs/how-to/make-it-yours.md walks through it.
 */
export interface Brand {
  /** The product's name, as people read it. */
  productName: string;
  /**
   * The name in identifiers: in the URN of your SCIM extension and in the DNS record that proves a domain. Customers store
   * both, so do not change it after the first of them.
   */
  slug: string;
  /** One sentence under the name on the front page. */
  tagline: string;
  /** Says what the product is, after its name and "is": on the front page and in Okta's catalog. */
  pitch: string;
  /** One sentence for search engines and for links that people share. */
  description: string;
  /** The contact for people who cannot sign in. */
  supportEmail: string;
  supportUrl: string;
  /** A file in public/, shown at 32 by 32 pixels. */
  logo: string;
  /** Pictures in public/ where an SVG is not understood: 32 and 180 pixels square, and 1200 × 630 for shared links. */
  pictures: { icon: string; touchIcon: string; share: string };
  /** The header's links for signed-in people. The first entry is the page after sign-in. */
  navigation: { label: string; href: string }[];
  /** Sections that the product adds to the administrators' console. The icon is a file of views/icons/, without its ending. */
  consoleSections: { label: string; href: `/admin/${string}`; icon: string }[];
  /**
   * The first characters of customers' API keys, by which secret scanners find them: lower-case letters and an underscore.
   * Choose it before the first key exists: keys with another prefix are refused.
   */
  apiKeyPrefix: string;
  /**
   * The base URL of this version's source: "https://…/blob/main/". The inspector links each message to the file that
   * handled it; with null it only names the file.
   */
  sourceUrl: string | null;
  /** Colours as CSS values: the accent in light and in dark mode, and the text on it. */
  accent: { light: string; dark: string; onLight: string; onDark: string };
}

export const brand: Brand = {
  productName: "Tasklane",
  slug: "tasklane",
  tagline: "The team task list whose identity is complete.",
  pitch: "a shared task list for a team: write down what has to be done, say who does it, tick it off",
  description: "A shared task list for a team. People sign in with their organisation’s Okta.",
  supportEmail: "support@tasklane.example",
  supportUrl: "https://tasklane.example/support",
  logo: "logo.svg",
  pictures: { icon: "icon-32.png", touchIcon: "icon-180.png", share: "share.png" },
  navigation: [
    { label: "Tasks", href: "/tasks" }, // sample domain
  ],
  consoleSections: [],
  apiKeyPrefix: "tkl_",
  sourceUrl: null,
  accent: { light: "#2f4fd0", dark: "#9db1ff", onLight: "#ffffff", onDark: "#10163a" },
};
