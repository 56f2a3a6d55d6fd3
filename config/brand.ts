/**
 * How the product presents itself. The first file that a fork edits; docs/how-to/make-it-yours.md walks through it.
 */
export interface Brand {
  /** The product's name, as people read it. */
  productName: string;
  /** One sentence under the name on the front page. */
  tagline: string;
  /** Where people turn when they cannot get in. */
  supportEmail: string;
  supportUrl: string;
  /** A file in public/, shown at 32 by 32 pixels. */
  logo: string;
  /** What signed-in people find in the header; they land on the first entry. */
  navigation: { label: string; href: string }[];
  /**
   * Where the source of this version can be read, ending where a path begins: "https://…/blob/main/". The inspector links
   * each message to the file that handled it; null names the file alone.
   */
  sourceUrl: string | null;
  /** Colours as CSS values: the accent in light and in dark mode, and the text on it. */
  accent: { light: string; dark: string; onLight: string; onDark: string };
}

export const brand: Brand = {
  productName: "Tasklane",
  tagline: "The team task list whose identity is complete.",
  supportEmail: "support@tasklane.example",
  supportUrl: "https://tasklane.example/support",
  logo: "logo.svg",
  navigation: [
    { label: "Tasks", href: "/tasks" }, // sample product
  ],
  sourceUrl: null,
  accent: { light: "#2f4fd0", dark: "#9db1ff", onLight: "#ffffff", onDark: "#10163a" },
};
