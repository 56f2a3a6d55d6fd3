/** The demo's own pages at the application. */
export const demoPaths = {
  story: "/demo",
  storyOf: (slug: string) => `/demo/${slug}`,
  /** Which steps are done, as JSON: with an Okta org of one's own. */
  doneOf: (slug: string) => `/demo/${slug}/done`,
  reset: "/demo/reset",
} as const;
